//! The log of the webhooks' posts: each of them with what was posted, whatever became of it.

use super::{PAGE, PAGE_MAX, Workspace};
use crate::sandbox::instantly::Answered;
use crate::sandbox::query::Query;
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

#[derive(Debug)]
pub(super) struct Post {
    id: String,
    at: DateTime<Utc>,
    url: String,
    payload: Value,
    is_success: bool,
}

impl Workspace {
    /// Notes a post of a webhook. The receiver may have lost it, whatever it answered.
    pub fn log_post(&mut self, url: &str, payload: &Value, at: DateTime<Utc>, is_success: bool) {
        let id = self.new_id();
        self.posts.push(Post { id, at, url: url.to_owned(), payload: payload.clone(), is_success });
    }

    pub(in crate::sandbox::instantly) fn webhook_events(&self, query: &Query) -> Answered {
        let limit = query.get("limit").map_or(Some(PAGE), |text| text.parse().ok()).unwrap_or(0);
        if limit == 0 || limit > PAGE_MAX {
            return Err((400, "querystring/limit must be between 1 and 100"));
        }
        let from = query.get("from").map(|text| text.parse::<NaiveDate>().map_err(|_error| (400, "querystring/from")));
        let from = from.transpose()?;
        let newest_first = self.posts.iter().rev().filter(|post| from.is_none_or(|from| post.at.date_naive() >= from));
        let after = query.get("starting_after");
        let rest: Vec<&Post> = match after {
            Some(after) => newest_first.skip_while(|post| post.id != after).skip(1).collect(),
            None => newest_first.collect(),
        };
        let page = rest.get(..limit.min(rest.len())).unwrap_or_default();
        let item = |post: &&Post| {
            json!({ "id": post.id, "timestamp_created": post.at, "organization_id": "org", "webhook_url": post.url,
                "payload": post.payload, "success": post.is_success, "status_code": if post.is_success { 200 } else { 503 },
                "retry_count": 0, "will_retry": false })
        };
        let items: Vec<Value> = page.iter().map(item).collect();
        let next = page.last().filter(|_| rest.len() > limit).map(|post| post.id.clone());
        Ok((200, json!({ "items": items, "next_starting_after": next })))
    }
}
