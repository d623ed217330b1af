//! The key of suppression's hashes where none is configured: with SQLite a file beside the database, so that it works out of the
//! box and the database alone still tells nobody's address. With PostgreSQL several machines must share it: it is configured.

use crate::checkup::suppression_key_file;
use crate::config::Config;
use crate::domain::suppression::Key;
use crate::store::Store;
use anyhow::Context as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// What to do without a key.
pub(super) const MISSING: &str = "no key for suppression: set [suppression] key (or SALES_ENGINE_SUPPRESSION_KEY) to a long \
     random text and keep it as carefully as the database; see docs/privacy.md";

/// Takes the key that is there.
pub(super) fn find(config: &mut Config) -> anyhow::Result<()> {
    if let Some(path) = beside(config).filter(|path| path.exists()) {
        config.rules.suppression.keys.push(read(&path)?);
    }
    Ok(())
}

/// Takes the key that is there, or makes one where the database is a file.
pub(super) fn find_or_make(config: &mut Config) -> anyhow::Result<()> {
    if let Some(path) = beside(config) {
        make(&path).with_context(|| format!("make the key of suppression, {}", path.display()))?;
        config.rules.suppression.keys.push(read(&path)?);
    }
    Ok(())
}

/// Where the key would be; none where one is configured or the database is no file.
fn beside(config: &Config) -> Option<PathBuf> {
    if !config.rules.suppression.keys.is_empty() {
        return None;
    }
    suppression_key_file(config)
}

fn read(path: &Path) -> anyhow::Result<Key> {
    let text = fs::read_to_string(path).with_context(|| format!("read the key of suppression, {}", path.display()))?;
    let text = text.trim();
    anyhow::ensure!(
        text.chars().count() >= Key::CHARS_MIN,
        "the key of suppression in {} is too short: put the right file back",
        path.display()
    );
    Ok(Key::new(text))
}

/// Two random identifiers are 244 random bits. Whole under its name or not there at all.
fn make(path: &Path) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let draft = path.with_extension(format!("draft-{}", Uuid::new_v4().simple()));
    let mut file = options.open(&draft)?;
    writeln!(file, "{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())?;
    file.sync_all()?;
    // Of two processes the first one's stays.
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Says at every start what is not as it should be.
pub(super) async fn report(config: &Config, store: &Store) -> anyhow::Result<()> {
    let known: Vec<&str> = config.rules.suppression.keys.iter().map(Key::id).collect();
    if known.is_empty() {
        tracing::warn!("opt-outs are not kept on the list of suppressed addresses, and it is not asked: {MISSING}");
    }
    for (key, rows) in store.suppression_keys().await?.into_iter().filter(|(key, _)| !known.contains(&key.as_str())) {
        tracing::error!(
            key,
            rows,
            "these suppressions are kept under a key that is not configured, and do not hold: put the key back ([suppression] old_keys)"
        );
    }
    Ok(())
}
