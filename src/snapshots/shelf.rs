//! The shelf: a tenant's image is kept here, found again, and thrown away when anything is wrong with it.
//!
//! Never in the way: whatever fails is said once and leaves a tenant without an image, and the journal gives it all again. All
//! heads are at hand in memory. Invariant: a head that is shown belongs to an image that was synced.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::model::TenantId;
use crate::replay::{Replayed, image};
use crate::seal::{self, MasterKey};

use super::chunks::{self, Header, Sealing};
use super::folder::{Folder, Opened};
use super::head::Head;
use super::store::{Broken, Store};

/// A store that takes less than this is never exchanged for a smaller one.
const STORE_BYTES_FREE: u64 = 256 << 20;
/// Nor one that takes less than so many times what it holds: sled keeps old bytes for long.
const STORE_WASTE_MAX: u64 = 8;
/// About what a chunk takes.
const CHUNK_BYTES: u64 = 4096;

/// Why an image could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed and was set aside.
    #[error("the store of snapshots failed: {0}")]
    Store(String),
    /// There is none: its folder cannot be used.
    #[error("there is no store of snapshots")]
    NoStore,
    /// More than 2³² chunks.
    #[error("an image is too large to be kept")]
    TooLarge,
}

/// Images and their heads. Clones share it.
#[derive(Clone)]
pub struct Snapshots(Arc<Inner>);

struct Inner {
    folder: Option<Folder>,
    master: Arc<MasterKey>,
    store: RwLock<Option<Store>>,
    catalog: RwLock<BTreeMap<TenantId, Row>>,
    /// One image is written at a time.
    writing: Mutex<()>,
}

#[derive(Clone)]
struct Row {
    header: Header,
    head: Arc<Head>,
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

impl Snapshots {
    /// Opens what is kept in this folder; `None`: nothing ever is. What does not open is set aside.
    pub fn open(dir: Option<PathBuf>, master: Arc<MasterKey>) -> Self {
        let snapshots = Self(Arc::new(Inner {
            folder: dir.map(Folder::new),
            master,
            store: RwLock::default(),
            catalog: RwLock::default(),
            writing: Mutex::default(),
        }));
        if let Err(broken) = snapshots.take_up() {
            snapshots.set_aside(&broken);
        }
        snapshots
    }

    /// What is known of a tenant without opening its image.
    pub fn head(&self, tenant: TenantId) -> Option<Arc<Head>> {
        let catalog = read(&self.0.catalog);
        catalog.get(&tenant).map(|row| Arc::clone(&row.head))
    }

    /// Closes the store, so that another process, or this one, can open it; nothing is kept or found from here on.
    pub fn close(&self) {
        let _one_at_a_time = self.writing();
        drop(write(&self.0.store).take());
        write(&self.0.catalog).clear();
    }

    /// Whether images are kept at all.
    pub fn are_kept(&self) -> bool {
        read(&self.0.store).is_some()
    }

    /// A tenant as its image has it, with an empty trail. An image with which anything is wrong is gone afterwards.
    pub fn load(&self, tenant: TenantId) -> Option<Replayed> {
        let row = read(&self.0.catalog).get(&tenant).cloned()?;
        match self.open_image(tenant, &row) {
            Ok(Ok(state)) => Some(state),
            Ok(Err(reason)) => {
                tracing::warn!(%tenant, reason, "an image cannot be used and is dropped; the journal has everything");
                self.drop_image(tenant);
                None
            }
            Err(broken) => {
                self.set_aside(&broken);
                None
            }
        }
    }

    /// Keeps a tenant's image in the place of the one before.
    pub fn keep(&self, state: &Replayed) -> Result<(), Error> {
        let _one_at_a_time = self.writing();
        let tenant = state.ledger.tenant();
        let before = read(&self.0.catalog)
            .get(&tenant)
            .map(|row| row.header.generation);
        let generation = before.unwrap_or(0) + 1;
        let kept = {
            let store = read(&self.0.store);
            let store = store.as_ref().ok_or(Error::NoStore)?;
            self.put(store, state, generation)?
        };
        match kept {
            Ok(row) => write(&self.0.catalog).insert(tenant, row),
            Err(broken) => return Err(self.set_aside(&broken)),
        };
        self.shrink();
        Ok(())
    }

    /// Gives a tenant another image and leaves no byte of any earlier one: everything that is kept moves into a new store, and
    /// the old one and whatever was set aside is overwritten and removed.
    pub fn keep_only(&self, state: &Replayed) -> Result<(), Error> {
        let _one_at_a_time = self.writing();
        self.exchange(Some(state))
    }

    /// Drops every image but those of these tenants: what is left is of another journal, or of another day of this one.
    pub(super) fn keep_those_of(&self, tenants: &BTreeSet<TenantId>) {
        let others: Vec<_> = {
            let catalog = read(&self.0.catalog);
            let others = catalog.keys().filter(|tenant| !tenants.contains(tenant));
            others.copied().collect()
        };
        for tenant in others {
            tracing::warn!(%tenant, "an image is not of this journal and is dropped; the journal has everything");
            self.drop_image(tenant);
        }
    }

    fn writing(&self) -> MutexGuard<'_, ()> {
        self.0
            .writing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn take_up(&self) -> Result<(), Broken> {
        let Some(folder) = &self.0.folder else {
            return Ok(());
        };
        let Opened { store, rows } = folder.open()?;
        let mut catalog = BTreeMap::new();
        for (tenant, header, head) in rows {
            let opened = chunks::open(&self.0.master, tenant, &header, 0, head);
            let head = opened
                .and_then(|bytes| Head::decode(&bytes))
                .map_err(Broken)?;
            if (head.tenant, head.sequence) != (tenant, header.sequence) {
                return Err(Broken("a head is another's".to_owned()));
            }
            let head = Arc::new(head);
            catalog.insert(tenant, Row { header, head });
        }
        *write(&self.0.catalog) = catalog;
        *write(&self.0.store) = Some(store);
        Ok(())
    }

    /// Puts the store where an operator can look at it and begins an empty one.
    fn set_aside(&self, broken: &Broken) -> Error {
        let store = write(&self.0.store).take();
        write(&self.0.catalog).clear();
        // A store that is broken may also hang when it is closed.
        std::thread::spawn(move || drop(store));
        let aside = self.0.folder.as_ref().map(Folder::set_aside).transpose();
        let aside = aside.map(|path| {
            path.map(|path| path.display().to_string())
                .unwrap_or_default()
        });
        match aside {
            Ok(aside) => {
                tracing::warn!(reason = %broken, aside, "the snapshots cannot be used and are set aside; they are made again from the journal, which has everything");
            }
            Err(error) => {
                tracing::warn!(reason = %broken, %error, "the snapshots cannot be used nor set aside; remove their folder");
            }
        }
        if let Err(again) = self.take_up() {
            tracing::warn!(reason = %again, "no snapshots are kept in this run; look at their folder's rights and space");
        }
        Error::Store(broken.to_string())
    }

    fn put(
        &self,
        store: &Store,
        state: &Replayed,
        generation: u64,
    ) -> Result<Result<Row, Broken>, Error> {
        let tenant = state.ledger.tenant();
        let head = Head::of(state);
        let (head_bytes, image) = (head.encode(), image::encode(state));
        let parts = [head_bytes.as_slice(), image.as_slice()];
        let place = (generation, state.sequence);
        let sealing = Sealing::new(&self.0.master, tenant, place, seal::random_bytes(), parts);
        let sealing = sealing.ok_or(Error::TooLarge)?;
        let header = sealing.header();
        let put = || {
            store.put_chunks(tenant, generation, sealing.chunks())?;
            store.sync()?;
            store.put_header(tenant, &header.encode())?;
            store.remove_chunks(tenant, Some(generation))?;
            store.sync()
        };
        let head = Arc::new(head);
        Ok(put().map(|()| Row { header, head }))
    }

    fn open_image(&self, tenant: TenantId, row: &Row) -> Result<Result<Replayed, String>, Broken> {
        let Row { header, head } = row;
        let sealed = {
            let store = read(&self.0.store);
            let Some(store) = store.as_ref() else {
                return Ok(Err("there is no store".to_owned()));
            };
            let wanted = (header.head_chunks, header.chunks);
            store.chunks(tenant, header.generation, wanted)?
        };
        if sealed.len() != (header.chunks - header.head_chunks) as usize {
            return Ok(Err("it is not whole".to_owned()));
        }
        let bytes = match chunks::open(&self.0.master, tenant, header, header.head_chunks, sealed) {
            Ok(bytes) => zeroize::Zeroizing::new(bytes),
            Err(reason) => return Ok(Err(reason)),
        };
        // Restoring asserts as `apply` does; what fails that was not written by us.
        let decoded = catch_unwind(AssertUnwindSafe(|| image::decode(&bytes)));
        let state = match decoded {
            Ok(Ok(state)) => state,
            Ok(Err(error)) => return Ok(Err(error.to_string())),
            Err(_) => return Ok(Err("it contradicts itself".to_owned())),
        };
        let own = (state.ledger.tenant(), state.sequence, state.chain);
        match own == (tenant, head.sequence, head.chain) {
            true => Ok(Ok(state)),
            false => Ok(Err("its head is another's".to_owned())),
        }
    }

    fn drop_image(&self, tenant: TenantId) {
        let _one_at_a_time = self.writing();
        write(&self.0.catalog).remove(&tenant);
        let removed = {
            let store = read(&self.0.store);
            let store = store.as_ref();
            store.map_or(Ok(()), |store| store.remove_header(tenant))
        };
        if let Err(broken) = removed {
            self.set_aside(&broken);
        }
    }

    /// Exchanges the store for a smaller one if most of it is old bytes.
    fn shrink(&self) {
        let taken = read(&self.0.store).as_ref().map_or(0, Store::disk_bytes);
        let rows = read(&self.0.catalog);
        let held: u64 = rows
            .values()
            .map(|row| u64::from(row.header.chunks) * CHUNK_BYTES)
            .sum();
        drop(rows);
        if taken > STORE_BYTES_FREE.max(held * STORE_WASTE_MAX)
            && let Err(error) = self.exchange(None)
        {
            tracing::warn!(%error, "the store of snapshots could not be made smaller");
        }
    }

    fn exchange(&self, with: Option<&Replayed>) -> Result<(), Error> {
        let folder = self.0.folder.as_ref().ok_or(Error::NoStore)?;
        let failed = |broken: Broken| Error::Store(broken.to_string());
        let failed_io = |error: std::io::Error| Error::Store(error.to_string());
        let (number, next) = folder.begin_next().map_err(failed)?;
        let mut catalog = read(&self.0.catalog).clone();
        let replaced = with.map(|state| state.ledger.tenant());
        if let Some(old) = read(&self.0.store).as_ref() {
            for (tenant, row) in catalog
                .iter()
                .filter(|(tenant, _)| Some(**tenant) != replaced)
            {
                copy(old, &next, *tenant, &row.header).map_err(failed)?;
            }
        }
        if let Some(state) = with {
            let tenant = state.ledger.tenant();
            let before = catalog.get(&tenant).map_or(0, |row| row.header.generation);
            let row = self.put(&next, state, before + 1)?.map_err(failed)?;
            catalog.insert(tenant, row);
        }
        next.sync().map_err(failed)?;
        folder.switch_to(number).map_err(failed_io)?;
        *write(&self.0.catalog) = catalog;
        let old = write(&self.0.store).replace(next);
        drop(old);
        folder.destroy_but(number).map_err(failed_io)?;
        folder.destroy_broken().map_err(failed_io)
    }
}

fn copy(from: &Store, to: &Store, tenant: TenantId, header: &Header) -> Result<(), Broken> {
    let chunks = from.chunks(tenant, header.generation, (0, header.chunks))?;
    to.put_chunks(tenant, header.generation, chunks.into_iter())?;
    to.put_header(tenant, &header.encode())
}
