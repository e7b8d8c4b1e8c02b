//! The store: rows in sled, the only file that names it.
//!
//! sled 0.34 is used for nothing that cannot be rebuilt, and by the rules that were measured: values of at most a page, a
//! small cache, no flusher of its own, and an fdatasync of its file after each image, because its own flush never syncs
//! on Linux. It is known to panic, to fail and to hang when its files are damaged, so every call comes back as an error that
//! means "set this store aside"; the deadline at opening is `folder.rs`'s.

use std::fs::{self, File};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::model::TenantId;

/// sled takes several times this much.
const CACHE_BYTES: u64 = 16 << 20;
/// Rows that are written in one go.
const BATCH_ROWS: usize = 64;
/// First byte of the key of a header.
const HEADER: u8 = 1;
/// First byte of the key of a chunk.
const CHUNK: u8 = 2;

/// The store cannot be used any more.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Broken(pub String);

/// An open store.
pub(super) struct Store {
    db: sled::Db,
    dir: PathBuf,
}

/// Runs what may panic.
fn guarded<T>(act: impl FnOnce() -> sled::Result<T>) -> Result<T, Broken> {
    match catch_unwind(AssertUnwindSafe(act)) {
        Ok(done) => done.map_err(|error| Broken(error.to_string())),
        Err(_) => Err(Broken("the store panicked".to_owned())),
    }
}

fn header_key(tenant: TenantId) -> [u8; 17] {
    let mut key = [HEADER; 17];
    key[1..].copy_from_slice(&tenant.0.to_be_bytes());
    key
}

fn chunk_key(tenant: TenantId, generation: u64, number: u32) -> [u8; 29] {
    let mut key = [CHUNK; 29];
    key[1..17].copy_from_slice(&tenant.0.to_be_bytes());
    key[17..25].copy_from_slice(&generation.to_be_bytes());
    key[25..].copy_from_slice(&number.to_be_bytes());
    key
}

impl Store {
    /// Opens the store in this folder, or makes it. What a kill left of sled's own start is removed before: it would not open.
    pub fn open(dir: &Path) -> Result<Self, Broken> {
        remove_unfinished(dir).map_err(|error| Broken(error.to_string()))?;
        let options = sled::Config::new()
            .path(dir)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None);
        let db = guarded(|| options.open())?;
        Ok(Self {
            db,
            dir: dir.to_owned(),
        })
    }

    /// Every header.
    pub fn headers(&self) -> Result<Vec<(TenantId, Vec<u8>)>, Broken> {
        guarded(|| {
            let rows = self.db.scan_prefix([HEADER]);
            rows.map(|row| {
                let (key, value) = row?;
                let tenant = key.get(1..).and_then(|id| id.try_into().ok());
                let tenant = tenant.map(u128::from_be_bytes);
                // A key of another length was never written; nobody has the id that is shown for it.
                Ok((TenantId(tenant.unwrap_or(u128::MAX)), value.to_vec()))
            })
            .collect()
        })
    }

    /// The chunks of an image from one number up to another; fewer, if some are missing.
    pub fn chunks(
        &self,
        tenant: TenantId,
        generation: u64,
        (from, to): (u32, u32),
    ) -> Result<Vec<Vec<u8>>, Broken> {
        let (from, to) = (
            chunk_key(tenant, generation, from),
            chunk_key(tenant, generation, to),
        );
        guarded(|| {
            let rows = self.db.range(from..to);
            rows.map(|row| Ok(row?.1.to_vec())).collect()
        })
    }

    /// Writes the chunks of a new image beside what is there.
    pub fn put_chunks(
        &self,
        tenant: TenantId,
        generation: u64,
        chunks: impl Iterator<Item = Vec<u8>>,
    ) -> Result<(), Broken> {
        let mut batch = sled::Batch::default();
        for (number, chunk) in (0..).zip(chunks) {
            batch.insert(&chunk_key(tenant, generation, number), chunk);
            if (number as usize + 1).is_multiple_of(BATCH_ROWS) {
                let full = std::mem::take(&mut batch);
                guarded(|| self.db.apply_batch(full))?;
            }
        }
        guarded(|| self.db.apply_batch(batch))
    }

    /// From now on this tenant has the image of this header.
    pub fn put_header(&self, tenant: TenantId, header: &[u8]) -> Result<(), Broken> {
        guarded(|| self.db.insert(header_key(tenant), header)).map(|_| ())
    }

    /// A tenant has no image any more.
    pub fn remove_header(&self, tenant: TenantId) -> Result<(), Broken> {
        guarded(|| self.db.remove(header_key(tenant))).map(|_| ())
    }

    /// Removes the chunks of every image of a tenant but one.
    pub fn remove_chunks(&self, tenant: TenantId, except: Option<u64>) -> Result<(), Broken> {
        let all = (
            chunk_key(tenant, 0, 0),
            chunk_key(tenant, u64::MAX, u32::MAX),
        );
        let kept = except.map(u64::to_be_bytes);
        guarded(|| {
            for key in self.db.range(all.0..=all.1).keys() {
                let key = key?;
                if key.get(17..25) != kept.as_ref().map(|kept| &kept[..]) {
                    self.db.remove(key)?;
                }
            }
            Ok(())
        })
    }

    /// Makes everything that was written durable.
    pub fn sync(&self) -> Result<(), Broken> {
        guarded(|| self.db.flush())?;
        let file = File::open(self.dir.join("db")).and_then(|file| file.sync_data());
        file.map_err(|error| Broken(error.to_string()))
    }

    /// Bytes that it takes on disk.
    pub fn disk_bytes(&self) -> u64 {
        guarded(|| self.db.size_on_disk()).unwrap_or(0)
    }
}

fn remove_unfinished(dir: &Path) -> io::Result<()> {
    let files = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        files => files?,
    };
    for file in files {
        let file = file?;
        let name = file.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(file.path())?;
        }
    }
    Ok(())
}
