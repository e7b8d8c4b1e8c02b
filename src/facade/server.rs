//! The HTTP server: binds, starts the workers, tells of the threads they run on, and drains when it stops.

use std::io;
use std::net::SocketAddr;

use actix_rt::{Arbiter, ArbiterHandle};
use actix_web::dev::ServerHandle;
use actix_web::{HttpServer, web};
use tokio::sync::mpsc;

use super::routes;
use super::state::Facade;
use crate::descriptors::connections_max;
use crate::limits::{HEAD_TIME_MAX, IDLE_CONNECTION_TIME_MAX};

/// How long requests in flight may take to end when the server stops.
const DRAIN_SECONDS: u64 = 10;

/// A listening server.
pub struct Server {
    handle: ServerHandle,
    /// Where it listens.
    pub address: SocketAddr,
    /// The threads of its workers: whoever lives there answers without a message to another thread.
    pub arbiters: Vec<ArbiterHandle>,
}

impl Server {
    /// Listens on `address`. Until the façade is ready every request but for its health is told to come back.
    pub async fn start(address: &str, facade: Facade) -> io::Result<Self> {
        let facade = web::Data::new(facade);
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        let (sender, mut arbiters) = mpsc::channel(workers);
        let server = HttpServer::new(move || {
            // Full only if a worker was restarted; its tenants are then out of service, not moved in silence.
            let _ = sender.try_send(Arbiter::current());
            routes::app(facade.clone())
        })
        .workers(workers)
        .max_connections((connections_max() / workers).max(1))
        .disable_signals()
        .keep_alive(IDLE_CONNECTION_TIME_MAX)
        .client_request_timeout(HEAD_TIME_MAX)
        .shutdown_timeout(DRAIN_SECONDS)
        .bind(address)?;
        let address = server.addrs().first().copied();
        let address = address.ok_or_else(|| io::Error::other("no address was bound"))?;
        let server = server.run();
        let handle = server.handle();
        actix_rt::spawn(server);
        let mut found = Vec::with_capacity(workers);
        for _ in 0..workers {
            let arbiter = arbiters.recv().await;
            found.push(arbiter.ok_or_else(|| io::Error::other("the HTTP workers did not start"))?);
        }
        Ok(Self {
            handle,
            address,
            arbiters: found,
        })
    }

    /// Takes no further connection and waits for the requests in flight.
    pub async fn stop(self) {
        self.handle.stop(true).await;
    }
}
