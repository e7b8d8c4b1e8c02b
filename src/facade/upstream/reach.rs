//! Which addresses may be reached for a clinic: staff name them, so that each is judged as a stranger's wish.
//!
//! A server that fetches whatever address it is given can be used to look at what only it can see: the operator's other services,
//! a cloud's metadata (docs/decisions/0016). So hosts that the operator has named are reached as they are, by default those of
//! this very machine; every other one by TLS only, and at public addresses only, whatever its name says at the moment.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::model::BaseUrl;

/// Hosts that the operator has named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    named: Arc<[String]>,
}

/// Why an address is not reached; the text says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotReached {
    /// It cannot be read.
    #[error("this is no address; write it as in https://api.example.com/v1")]
    Unreadable,
    /// It is not encrypted.
    #[error(
        "this host is reached by https only, unless the operator names it in voice.model_hosts"
    )]
    Plain,
    /// It is not one of the world's.
    #[error("this is not a public address; the operator can name it in voice.model_hosts")]
    Private,
}

/// Nothing of what a name stands for may be reached.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("this name stands for no public address")]
struct NoPublicAddress;

impl Reach {
    /// These hosts, by comma.
    pub fn of(hosts: &str) -> Self {
        let hosts = hosts.split(',').map(|host| {
            let host = host.trim().trim_matches(['[', ']']);
            host.to_ascii_lowercase()
        });
        Self {
            named: hosts.filter(|host| !host.is_empty()).collect(),
        }
    }

    fn names(&self, host: &str) -> bool {
        let host = host.trim_matches(['[', ']']);
        self.named.iter().any(|named| named == host)
    }

    /// Whether it may be reached, as far as it shows. What its name stands for is looked at when it is.
    pub fn judge(&self, base_url: &BaseUrl) -> Result<(), NotReached> {
        // Read as whoever connects reads it: `http://2130706433` is this machine.
        let url = Url::parse(base_url.as_str()).map_err(|_| NotReached::Unreadable)?;
        let host = url.host_str().ok_or(NotReached::Unreadable)?;
        if self.names(host) {
            return Ok(());
        }
        if url.scheme() != "https" {
            return Err(NotReached::Plain);
        }
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) if !is_public(address) => Err(NotReached::Private),
            _ => Ok(()),
        }
    }
}

impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let is_named = self.names(name.as_str());
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let may = |address: &SocketAddr| is_named || is_public(address.ip());
            let found: Vec<_> = found.filter(may).collect();
            match found.is_empty() {
                true => Err(NoPublicAddress.into()),
                false => Ok(Box::new(found.into_iter()) as Addrs),
            }
        })
    }
}

/// Whether an address is one of the world's: nobody's own network, no machine's own, nothing with a meaning of its own.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_shared = first == 100 && (64..128).contains(&second);
    let is_protocols = (first, second, third) == (192, 0, 0);
    let is_bench = first == 198 && (18..20).contains(&second);
    !(address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || is_shared
        || is_protocols
        || is_bench
        || first == 0
        || first >= 240)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // What stands for an address of the old kind is judged as that.
    let [a, b, c, d, e, f, g, h] = address.segments();
    let old = Ipv4Addr::from((u32::from(g) << 16) | u32::from(h));
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => is_public_v4(old),
        (0x2002, ..) => is_public_v4(Ipv4Addr::from((u32::from(b) << 16) | u32::from(c))),
        // The world's own are those of 2000::/3, without what documents are written with and Teredo.
        _ => a & 0xe000 == 0x2000 && !(a == 0x2001 && (b == 0xdb8 || b == 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(hosts: &str, text: &str) -> Result<(), NotReached> {
        Reach::of(hosts).judge(&BaseUrl::new(text).expect("an address"))
    }

    #[test]
    fn hosts_that_are_named_are_reached_and_others_by_tls_at_public_addresses() {
        let usual = "localhost,127.0.0.1,::1";
        for text in [
            "http://localhost:11434/v1",
            "http://127.0.0.1:9/v1",
            "http://[::1]:9/v1",
            "http://LOCALHOST/v1",
            "http://2130706433/v1",
            "https://api.example.com/v1",
            "https://8.8.8.8/v1",
        ] {
            assert_eq!(judged(usual, text), Ok(()), "{text}");
        }
        assert_eq!(judged("gpu.lan, 10.0.0.5", "http://gpu.lan/v1"), Ok(()));
        assert_eq!(judged("gpu.lan, 10.0.0.5", "http://10.0.0.5:8000"), Ok(()));
        for text in [
            "http://api.example.com/v1",
            "http://169.254.169.254/latest",
            "http://10.0.0.5/v1",
            "http://127.0.0.2/v1",
        ] {
            assert_eq!(judged(usual, text), Err(NotReached::Plain), "{text}");
        }
        assert_eq!(judged("", "http://127.0.0.1/v1"), Err(NotReached::Plain));
        for host in [
            "169.254.169.254",
            "10.0.0.5",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "0.0.0.0",
            "127.1",
            "0x7f000002",
            "255.255.255.255",
            "[fd00::1]",
            "[fe80::1]",
            "[::]",
            "[::ffff:10.0.0.5]",
            "[64:ff9b::a00:5]",
            "[2002:a00:5::]",
        ] {
            let text = format!("https://{host}/v1");
            let expected = match host {
                "127.1" => Ok(()),
                _ => Err(NotReached::Private),
            };
            assert_eq!(judged(usual, &text), expected, "{text}");
        }
        assert_eq!(judged("", "https://127.0.0.1/v1"), Err(NotReached::Private));
    }

    #[test]
    fn what_a_name_stands_for_is_looked_at_too() {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let resolved = |hosts: &str| {
            let reach = Reach::of(hosts);
            let name = "localhost".parse().expect("a name");
            let runtime = runtime.as_ref().expect("a runtime");
            runtime.block_on(reach.resolve(name)).is_ok()
        };
        assert!(resolved("localhost"));
        assert!(!resolved("127.0.0.1"), "the name is another host");
    }
}
