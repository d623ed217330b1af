//! Output: text for people or JSON for scripts on standard output; complaints on standard error.

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use serde::Serialize;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

const TICK: Duration = Duration::from_millis(120);

#[derive(Debug, Clone, Copy)]
pub(super) struct Out {
    json: bool,
}

impl Out {
    pub(super) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints a line of what is under way, where the output is text; JSON comes whole at the end.
    pub(super) fn progress(self, line: &str) -> anyhow::Result<()> {
        if self.json { Ok(()) } else { self.print(&(), |()| line.to_owned()) }
    }

    /// Shows on standard error that something is under way, where a person watches: at a terminal, and not for a script.
    pub(super) fn busy(self, what: &str) -> Progress {
        if self.json || !io::stderr().is_terminal() {
            return Progress { bar: ProgressBar::hidden() };
        }
        let bar = ProgressBar::new_spinner().with_message(what.to_owned());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}{done} in {elapsed}") {
            bar.set_style(style.with_key("done", done));
        }
        // At once: what is soon done was shown too.
        bar.tick();
        bar.enable_steady_tick(TICK);
        Progress { bar }
    }

    /// Prints the value as JSON, or what `text` makes of it. A closed pipe is the reader's choice, no failure of ours.
    pub(super) fn print<T: Serialize>(self, value: &T, text: impl FnOnce(&T) -> String) -> anyhow::Result<()> {
        let rendered = if self.json { serde_json::to_string_pretty(value)? } else { text(value) };
        let mut stdout = io::stdout().lock();
        match writeln!(stdout, "{}", rendered.trim_end()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => Ok(result?),
        }
    }
}

/// Nothing where nobody counts, or nothing is done yet.
fn done(state: &ProgressState, text: &mut dyn std::fmt::Write) {
    if state.pos() > 0 {
        write!(text, ": {}", state.pos()).unwrap_or_default();
    }
}

/// Something under way; it is gone from the terminal when it ends.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// So many more are done.
    pub(super) fn add(&self, done: usize) {
        self.bar.inc(u64::try_from(done).unwrap_or(u64::MAX));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// One line on standard error. Nobody is left to tell where even that fails.
pub(super) fn complain(line: &str) {
    drop(writeln!(io::stderr().lock(), "sales-engine: {line}"));
}

/// A table of left-aligned columns with a header line.
pub(super) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(header.get(column).map(|name| name.len())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells.zip(&widths).map(|(cell, &width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(&mut header.iter().copied())];
    lines.extend(rows.iter().map(|row| line(&mut row.iter().map(String::as_str))));
    lines.join("\n")
}

/// A text shortened to a width, for tables.
pub(super) fn clip(text: &str, width_max: usize) -> String {
    let one_line = text.replace(['\n', '\r', '\t'], " ");
    if one_line.chars().count() <= width_max {
        return one_line;
    }
    let mut short: String = one_line.chars().take(width_max.saturating_sub(1)).collect();
    short.push('…');
    short
}
