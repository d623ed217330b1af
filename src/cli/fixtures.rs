//! Payload files: what a path and a name say of them, and the fixtures that the program carries for the demo.

use crate::domain::event::Source;
use std::path::{Path, PathBuf};

include!(concat!(env!("OUT_DIR"), "/fixtures.rs"));

/// A payload with what its place says of it.
#[derive(Debug, Clone)]
pub(super) struct Payload {
    pub(super) name: String,
    pub(super) body: Vec<u8>,
    /// From the folder it lies in.
    pub(super) source: Option<Source>,
    /// From `.as-smartlead.` in its name: n8n forwards it.
    pub(super) forwarded_as: Option<String>,
}

impl Payload {
    fn new(path: &Path, body: Vec<u8>) -> Self {
        let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let forwarded_as = name.split('.').find_map(|part| part.strip_prefix("as-")).map(str::to_owned);
        Self { name: path.display().to_string(), body, source: folder.and_then(Source::parse), forwarded_as }
    }
}

/// The fixtures of the repository, in the order of their paths.
pub(super) fn embedded() -> Vec<Payload> {
    FIXTURES.iter().map(|(path, body)| Payload::new(Path::new(path), body.to_vec())).collect()
}

/// The payloads at these paths: files as they are, folders with all `.json` files below them, in the order of their paths.
pub(super) fn read(paths: &[PathBuf]) -> std::io::Result<Vec<Payload>> {
    let mut files = Vec::new();
    for path in paths {
        collect(path, true, &mut files)?;
    }
    files.into_iter().map(|path| Ok(Payload::new(&path, std::fs::read(&path)?))).collect()
}

fn collect(path: &Path, is_named: bool, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if path.is_dir() {
        let mut entries =
            std::fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
        entries.sort();
        for entry in entries {
            collect(&entry, false, files)?;
        }
    } else if is_named || path.extension().is_some_and(|extension| extension == "json") {
        files.push(path.to_owned());
    }
    Ok(())
}
