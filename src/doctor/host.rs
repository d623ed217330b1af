//! The machine: room on the disk, files that others may read, how many files may be open.

use super::{Code, Finding};

/// Below this a database soon takes nothing any more.
const DISK_BYTES_MIN: u64 = 268_435_456;
/// Below this somebody should make room.
const DISK_BYTES_TIGHT: u64 = 2_147_483_648;
/// Files beside the connections: database, log, outside services.
const FILES_BESIDE: u64 = 64;

/// What the machine tells of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostFacts {
    /// Of the disk with the database, where that is a file.
    pub disk: Option<DiskFacts>,
    /// Files with secrets or personal data that all accounts of the machine may read.
    pub readable_by_all: Vec<String>,
    /// How many files this process may open, where that is limited.
    pub open_files_max: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskFacts {
    pub path: String,
    pub free_bytes: u64,
    pub database_bytes: u64,
}

pub fn findings(facts: &HostFacts, connections_max: usize) -> Vec<Finding> {
    let mut findings: Vec<Finding> = facts.disk.iter().map(disk).collect();
    findings.extend(facts.readable_by_all.iter().map(|path| {
        let to_do = format!("chmod o-rwx {path}");
        Finding::new(Code::FileExposed, path, "every account of this machine may read it", to_do)
    }));
    let wanted = u64::try_from(connections_max).unwrap_or(u64::MAX).saturating_add(FILES_BESIDE);
    if let Some(most) = facts.open_files_max.filter(|most| *most < wanted) {
        findings.push(Finding::new(
            Code::LimitOpenFiles,
            "connections_max",
            format!("{connections_max} connections need {wanted} open files, and the process may have {most}"),
            "raise the limit (LimitNOFILE of systemd, ulimit -n), or lower connections_max",
        ));
    }
    findings
}

fn disk(disk: &DiskFacts) -> Finding {
    let free = format!("{} MiB are free, the database has {} MiB", disk.free_bytes >> 20, disk.database_bytes >> 20);
    let code = if disk.free_bytes < DISK_BYTES_MIN {
        Code::DiskFull
    } else if disk.free_bytes < DISK_BYTES_TIGHT || disk.free_bytes < disk.database_bytes {
        Code::DiskTight
    } else {
        return Finding::well(Code::DiskWell, &disk.path, free);
    };
    Finding::new(code, &disk.path, free, "make room, or move the database to a larger disk")
}
