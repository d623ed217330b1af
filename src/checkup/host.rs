//! Looks at the machine.

use crate::config::Config;
use crate::doctor::host::{DiskFacts, HostFacts};
use crate::sources::settings::GmailCredentials;
use crate::store::health;
use std::path::{Path, PathBuf};

const SUPPRESSION_KEY_ENDING: &str = ".suppression-key";

/// Where the key of suppression lies beside the database, where that is a file.
pub fn suppression_key_file(config: &Config) -> Option<PathBuf> {
    let address = config.database_url.expose().strip_prefix("sqlite:")?;
    let path = address.strip_prefix("//").unwrap_or(address).split('?').next().filter(|path| !path.is_empty())?;
    Some(PathBuf::from(format!("{path}{SUPPRESSION_KEY_ENDING}")))
}

pub(super) fn look(config: &Config, file: Option<&str>) -> HostFacts {
    let database = health::file_of(config.database_url.expose());
    let mut files: Vec<PathBuf> = file.map(PathBuf::from).into_iter().collect();
    if let Some(database) = &database {
        files.push(database.clone());
        files.extend(suppression_key_file(config));
    }
    let key_files =
        config.clients.values().filter_map(|client| match client.sources.gmail.as_ref()?.credentials.as_ref()? {
            GmailCredentials::ServiceAccount { key_file } => Some(PathBuf::from(key_file)),
            GmailCredentials::RefreshTokens { .. } => None,
        });
    files.extend(key_files);
    let exposed = files.iter().filter(|path| is_readable_by_all(path)).map(|path| path.display().to_string());
    HostFacts {
        disk: database.as_deref().and_then(disk),
        readable_by_all: exposed.collect(),
        open_files_max: rustix::process::getrlimit(rustix::process::Resource::Nofile).current,
    }
}

fn disk(database: &Path) -> Option<DiskFacts> {
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let told = rustix::fs::statvfs(folder).ok()?;
    Some(DiskFacts {
        path: folder.display().to_string(),
        free_bytes: told.f_bavail.saturating_mul(told.f_frsize),
        database_bytes: std::fs::metadata(database).map_or(0, |file| file.len()),
    })
}

/// Of the file itself: a folder that keeps others out is not looked for.
fn is_readable_by_all(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o004 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}
