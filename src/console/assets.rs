//! Style, script and icon: in the binary, with a hash of their content in the name, so that a browser may keep them for good.

use super::Page;
use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;

pub(super) struct Asset {
    /// As the pages name it.
    pub(super) path: String,
    name: String,
    content_type: &'static str,
    content: &'static str,
}

pub(super) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| asset("console", "css", "text/css; charset=utf-8", include_str!("assets/console.css")));
pub(super) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| asset("console", "js", "text/javascript; charset=utf-8", include_str!("assets/console.js")));
pub(super) static ICON: LazyLock<Asset> =
    LazyLock::new(|| asset("icon", "svg", "image/svg+xml", include_str!("assets/icon.svg")));

fn asset(stem: &str, extension: &str, content_type: &'static str, content: &'static str) -> Asset {
    let hash: String = hex::encode(Sha256::digest(content)).chars().take(16).collect();
    let name = format!("{stem}-{hash}.{extension}");
    Asset { path: format!("/console/assets/{name}"), name, content_type, content }
}

pub(super) fn answer(name: &str) -> Page {
    let known = [&*STYLE, &*SCRIPT, &*ICON].into_iter().find(|asset| asset.name == name);
    let (status, content_type, cached, body) = match known {
        Some(asset) => (200, asset.content_type, "public, max-age=31536000, immutable", asset.content),
        None => (404, "text/plain; charset=utf-8", "no-store", "no such file\n"),
    };
    Page { status, content_type, headers: vec![("cache-control", cached.to_owned())], body: body.as_bytes().to_vec() }
        .guarded()
}
