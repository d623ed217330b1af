//! Who must not be contacted: the keys of the hashes, and how far an opt-out reaches.

use super::tree::Section;
use crate::domain::suppression::{Key, Scope, Suppression};
use crate::sources::settings::Secret;

pub(super) fn suppression(top: &mut Section<'_>) -> Suppression {
    let mut section = top.section_or_empty("suppression");
    let newest = section.secret("key", &["SALES_ENGINE_SUPPRESSION_KEY"]);
    let older = section.secrets("old_keys");
    let is_short = |secret: &&Secret| secret.expose().chars().count() < Key::CHARS_MIN;
    if newest.iter().any(|secret| is_short(&secret)) {
        section.fault("key", &format!("must have {} characters at least: addresses are few", Key::CHARS_MIN));
    }
    if older.iter().any(|secret| is_short(&secret)) {
        section.fault("old_keys", &format!("must have {} characters at least each", Key::CHARS_MIN));
    }
    if newest.is_none() && !older.is_empty() {
        section.fault("key", "is missing: `old_keys` are only asked, new hashes need the newest one");
    }
    let usual = Suppression::default().scope_of_opt_outs;
    let scope = section.text("scope_of_opt_outs", &["SALES_ENGINE_SUPPRESSION_SCOPE_OF_OPT_OUTS"]);
    let scope_of_opt_outs = scope.and_then(|text| {
        section.parsed("scope_of_opt_outs", &text, "\"client\" or \"agency\"", |text| {
            Scope::parse(text).filter(|scope| *scope != Scope::Campaign)
        })
    });
    section.finish();
    Suppression {
        keys: newest.iter().chain(&older).map(|secret| Key::new(secret.expose())).collect(),
        scope_of_opt_outs: scope_of_opt_outs.unwrap_or(usual),
    }
}
