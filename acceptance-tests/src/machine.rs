//! What the operating system says of processes: memory and processor time. Linux tells; elsewhere nothing is known.
//!
//! Must not contain: starting or ending of processes.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// The processor's name.
pub fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Resident memory of a process in MiB (`VmRSS`).
pub fn resident(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024.0)
}

/// Processor time that the living threads of a process have used.
pub fn processor_time(process: u32) -> Option<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task")).ok()? {
        let text = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        nanoseconds += text.split_whitespace().next()?.parse::<u64>().ok()?;
    }
    Some(Duration::from_nanos(nanoseconds))
}

/// Watches all processes of one program in one directory, in a thread of its own.
pub struct Watch {
    over: Arc<AtomicBool>,
    thread: thread::JoinHandle<Seen>,
}

/// What was seen.
#[derive(Default)]
pub struct Seen {
    /// How many processes there were.
    pub processes: usize,
    /// The most resident memory of all of them at one time, in MiB.
    pub resident: f64,
}

impl Watch {
    /// Begins to watch.
    pub fn begin(directory: &Path, program: &Path) -> Watch {
        let over = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&over);
        let directory = directory.to_owned();
        // A mirror gives the program another name, which begins the same.
        let name = program
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let thread = thread::spawn(move || {
            let mut seen = BTreeMap::new();
            let mut most = 0.0_f64;
            while !stop.load(Ordering::Relaxed) {
                let now = processes(&directory, &name);
                most = most.max(now.values().sum());
                seen.extend(now);
                thread::sleep(Duration::from_millis(10));
            }
            Seen {
                processes: seen.len(),
                resident: most,
            }
        });
        Watch { over, thread }
    }

    /// Stops watching.
    pub fn end(self) -> Seen {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

/// Resident memory by process, of those that run this program in this directory.
fn processes(directory: &Path, program: &str) -> BTreeMap<u32, f64> {
    let runs_it = |path: PathBuf| {
        let exe = fs::read_link(path.join("exe")).ok()?;
        let ours = exe.file_name()?.to_string_lossy().starts_with(program);
        Some(ours && fs::read_link(path.join("cwd")).ok()? == directory)
    };
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let found = entries.filter_map(|entry| {
        let process: u32 = entry.file_name().to_str()?.parse().ok()?;
        runs_it(entry.path())?.then_some((process, resident(process).unwrap_or(0.0)))
    });
    found.collect()
}
