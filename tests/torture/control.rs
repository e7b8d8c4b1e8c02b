//! Does the harness prove anything? Two writers that are known: one syncs every record and must lose none, one syncs nothing and
//! must lose some. Run before every series of power cuts.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clap::Args;
use rand::RngExt;
use rand::rngs::StdRng;
use tokio::time::sleep;

use crate::drive::{Drives, Unflushed};
use crate::server::all_stopped;

const RECORD_BYTES: usize = 8;
const RUNS: usize = 3;
const RUNS_WITHOUT_SYNC_MAX: usize = 20;

/// The writer, as a process of its own.
#[derive(Args)]
pub struct Writer {
    file: PathBuf,
    /// Says that a record is durable when it is only written.
    #[arg(long)]
    without_sync: bool,
}

/// Appends numbers, and says each once it is durable.
pub fn write(options: &Writer) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&options.file)?;
    if !options.without_sync {
        let folder = options.file.parent().unwrap_or(Path::new("."));
        std::fs::File::open(folder)?.sync_all()?;
    }
    let mut said = std::io::stdout().lock();
    for number in 1_u64.. {
        file.write_all(&number.to_le_bytes())?;
        if !options.without_sync {
            file.sync_data()?;
        }
        writeln!(said, "{number}")?;
        said.flush()?;
    }
    Ok(())
}

/// What came of the writers.
#[derive(Debug, Default)]
pub struct Controls {
    /// Records said to be durable by the one that syncs.
    pub said: u64,
    /// Runs of the one that does not sync until it had lost something.
    pub runs_until_loss: usize,
    /// What it had lost then.
    pub lost: u64,
}

/// Runs both; the error says what the harness does not do.
pub async fn run(
    drives: &Drives,
    unflushed: Unflushed,
    chance: &mut StdRng,
) -> Result<Controls, String> {
    let mut controls = Controls::default();
    for _ in 0..RUNS {
        let (said, there) = once(drives, unflushed, false, chance).await?;
        if there < said {
            return Err(format!(
                "the harness is wrong: a writer that syncs every record lost {} of {said}",
                said - there
            ));
        }
        controls.said += said;
    }
    for run in 1..=RUNS_WITHOUT_SYNC_MAX {
        let (said, there) = once(drives, unflushed, true, chance).await?;
        if there < said {
            controls.runs_until_loss = run;
            controls.lost = said - there;
            return Ok(controls);
        }
    }
    Err(format!(
        "the harness proves nothing: a writer without any sync lost nothing in {RUNS_WITHOUT_SYNC_MAX} power cuts"
    ))
}

/// How many records it said were durable, and how many are there after the cut.
async fn once(
    drives: &Drives,
    unflushed: Unflushed,
    without_sync: bool,
    chance: &mut StdRng,
) -> Result<(u64, u64), String> {
    let drive = drives.drive()?;
    let mut writer = Running(start(&drive.path().join("records"), without_sync)?);
    sleep(Duration::from_millis(chance.random_range(20..80))).await;
    let cut = freeze(&writer.0)
        .await
        .and_then(|()| drives.cut(&drive, unflushed));
    let _ = writer.0.kill();
    let said = writer.0.stdout.take().map_or(0, |said| {
        let lines = BufReader::new(said).lines().map_while(Result::ok);
        lines
            .filter_map(|line| line.parse().ok())
            .max()
            .unwrap_or(0)
    });
    drop(writer);
    drop(drive);
    let after = drives.mount(cut?)?;
    let bytes = std::fs::read(after.path().join("records")).unwrap_or_default();
    let records = bytes.chunks_exact(RECORD_BYTES).zip(1_u64..);
    let whole = records.take_while(|(record, number)| *record == number.to_le_bytes());
    Ok((said, whole.count() as u64))
}

fn start(file: &Path, without_sync: bool) -> Result<Child, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.arg("writer").arg(file);
    if without_sync {
        command.arg("--without-sync");
    }
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped());
    command.spawn().map_err(|error| error.to_string())
}

async fn freeze(child: &Child) -> Result<(), String> {
    let pid = child.id();
    let sent = Command::new("kill")
        .args(["-STOP", &pid.to_string()])
        .status();
    if !sent.is_ok_and(|status| status.success()) {
        return Err("SIGSTOP cannot be sent".to_owned());
    }
    while !all_stopped(pid) {
        sleep(Duration::from_micros(200)).await;
    }
    Ok(())
}

/// Ends with this.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
