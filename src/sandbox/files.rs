//! Files for importers: sheets and drive files as Google serves them, and files at any address. No part of Airtable's budget or token.

use super::body::Body;
use super::query::{Query, decoded};
use bytes::Bytes;
use hyper::{Response, StatusCode};
use std::collections::BTreeMap;
use std::io;

const SIGN_IN: &str = "<!doctype html><html><head><title>Sign in</title></head><body>Sign in to continue</body></html>";

/// How a file is kept from a stranger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Private {
    /// A sign-in page with status 200, where a file was expected.
    SignInPage,
    /// A redirect to the sign-in page.
    Redirect,
}

#[derive(Debug, Clone)]
enum Content {
    Bytes(Bytes),
    /// A CSV of so many rows, made as it is read.
    Rows(u64),
    Private(Private),
}

/// By address: `sheet/{id}/{gid}`, `drive/{id}`, `file/{name}`.
#[derive(Debug, Default)]
pub(super) struct Files(BTreeMap<String, Content>);

impl Files {
    pub(super) fn put(&mut self, address: String, bytes: Bytes) {
        self.0.insert(address, Content::Bytes(bytes));
    }

    pub(super) fn put_rows(&mut self, address: String, rows: u64) {
        self.0.insert(address, Content::Rows(rows));
    }

    pub(super) fn put_private(&mut self, address: String, how: Private) {
        self.0.insert(address, Content::Private(how));
    }

    /// None where the path is not that of a file.
    pub(super) fn answer(&self, path: &str, query: &str) -> Option<io::Result<Response<Body>>> {
        let query = Query::parse(query);
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let address = match segments.as_slice() {
            ["signin"] => return Some(page(StatusCode::OK)),
            ["spreadsheets", "d", id, "export"] if query.get("format") == Some("csv") => {
                sheet(id, query.get("gid").unwrap_or("0"))
            }
            ["spreadsheets", ..] => return Some(page(StatusCode::NOT_FOUND)),
            ["uc"] => drive(query.get("id").unwrap_or_default()),
            ["files", name] => file(&decoded(name)),
            _ => return None,
        };
        Some(match self.0.get(&address) {
            None => page(StatusCode::NOT_FOUND),
            Some(Content::Private(Private::SignInPage)) => page(StatusCode::OK),
            Some(Content::Private(Private::Redirect)) => Response::builder()
                .status(StatusCode::FOUND)
                .header("location", "/signin")
                .body(Body::empty())
                .map_err(io::Error::other),
            Some(Content::Bytes(bytes)) => csv(Body::Whole(Some(bytes.clone()))),
            Some(Content::Rows(rows)) => csv(Body::rows(*rows)),
        })
    }
}

pub(super) fn sheet(id: &str, gid: &str) -> String {
    format!("sheet/{id}/{gid}")
}

pub(super) fn drive(id: &str) -> String {
    format!("drive/{id}")
}

pub(super) fn file(name: &str) -> String {
    format!("file/{name}")
}

fn csv(body: Body) -> io::Result<Response<Body>> {
    Response::builder().header("content-type", "text/csv").body(body).map_err(io::Error::other)
}

fn page(status: StatusCode) -> io::Result<Response<Body>> {
    let body = Body::Whole(Some(Bytes::from_static(SIGN_IN.as_bytes())));
    let page = Response::builder().status(status).header("content-type", "text/html; charset=utf-8");
    page.body(body).map_err(io::Error::other)
}
