//! The routes: method and path, to an operation.

use super::answer::Problem;
use super::query::percent_decoded;

const ROOT: &str = "/api/v1";

/// An operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    OpenApi,
    CheckContacts,
    ListContacts,
    GetContact,
    GetTimeline,
    GetWhy,
    PostEvents,
    ListDeliveries,
    GetDelivery,
    Replay,
    Search,
    ListTasks,
    RetryTask,
    ListAlerts,
    GetMatrix,
    GetDoctor,
    PostDoctor,
    ListDestinations,
}

/// Method, path below `/api/v1` as the description names it, operation. What stands in braces is anything but a slash.
pub const ROUTES: &[(&str, &str, Route)] = &[
    ("GET", "/openapi.json", Route::OpenApi),
    ("POST", "/contacts/check", Route::CheckContacts),
    ("GET", "/contacts", Route::ListContacts),
    ("GET", "/contacts/{contact}", Route::GetContact),
    ("GET", "/contacts/{contact}/timeline", Route::GetTimeline),
    ("GET", "/contacts/{contact}/why", Route::GetWhy),
    ("POST", "/events", Route::PostEvents),
    ("GET", "/deliveries", Route::ListDeliveries),
    ("GET", "/deliveries/{delivery_id}", Route::GetDelivery),
    ("POST", "/replay", Route::Replay),
    ("POST", "/search", Route::Search),
    ("GET", "/tasks", Route::ListTasks),
    ("POST", "/tasks/{task_id}/retry", Route::RetryTask),
    ("GET", "/alerts", Route::ListAlerts),
    ("GET", "/matrix", Route::GetMatrix),
    ("GET", "/doctor", Route::GetDoctor),
    ("POST", "/doctor", Route::PostDoctor),
    ("GET", "/destinations", Route::ListDestinations),
];

impl Route {
    /// Needs no token.
    pub fn is_public(self) -> bool {
        self == Self::OpenApi
    }

    /// Takes a body.
    pub fn has_body(self) -> bool {
        match self {
            Self::CheckContacts | Self::PostEvents | Self::Replay | Self::Search => true,
            Self::OpenApi
            | Self::ListContacts
            | Self::GetContact
            | Self::GetTimeline
            | Self::GetWhy
            | Self::ListDeliveries
            | Self::GetDelivery
            | Self::ListTasks
            | Self::RetryTask
            | Self::ListAlerts
            | Self::GetMatrix
            | Self::GetDoctor
            | Self::PostDoctor
            | Self::ListDestinations => false,
        }
    }
}

/// The operation, and the part of the path that is no fixed word.
pub(super) fn find(method: &str, path: &str) -> Result<(Route, Option<String>), Problem> {
    let below = path.strip_prefix(ROOT).unwrap_or_default();
    let mut allowed: Vec<&'static str> = Vec::new();
    for (of_route, template, route) in ROUTES {
        let Some(subject) = matched(template, below) else { continue };
        if *of_route == method {
            let subject = percent_decoded(subject)?;
            return Ok((*route, Some(subject).filter(|subject| !subject.is_empty())));
        }
        // A fixed word hides what stands in braces: `/contacts/check` is no contact.
        if !allowed.is_empty() && !subject.is_empty() {
            break;
        }
        allowed.push(of_route);
    }
    if allowed.is_empty() {
        return Err(Problem::new(404, "there is no such path; GET /api/v1/openapi.json lists them all"));
    }
    Err(Problem::new(405, "the method is not allowed here").allow(&allowed.join(", ")))
}

/// None where the path is another one; else what stands in the place of the braces, which are in a template once at most.
fn matched<'a>(template: &str, path: &'a str) -> Option<&'a str> {
    let mut subject = "";
    let mut given = path.split('/');
    for word in template.split('/') {
        let part = given.next()?;
        if word.starts_with('{') {
            subject = Some(part).filter(|part| !part.is_empty())?;
        } else if word != part {
            return None;
        }
    }
    given.next().is_none().then_some(subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: &str, path: &str) -> Result<(Route, Option<String>), u16> {
        find(method, path).map_err(|problem| problem.status)
    }

    #[test]
    fn every_path_leads_to_its_operation_and_no_other_does() {
        let subject = |text: &str| Some(text.to_owned());
        let rows = [
            ("GET", "/api/v1/contacts", Ok((Route::ListContacts, None))),
            ("GET", "/api/v1/contacts/a%40example.com", Ok((Route::GetContact, subject("a@example.com")))),
            ("GET", "/api/v1/contacts/a/why", Ok((Route::GetWhy, subject("a")))),
            ("POST", "/api/v1/contacts/check", Ok((Route::CheckContacts, None))),
            ("POST", "/api/v1/tasks/x/retry", Ok((Route::RetryTask, subject("x")))),
            ("DELETE", "/api/v1/contacts", Err(405)),
            ("POST", "/api/v1/contacts/x", Err(405)),
            ("GET", "/api/v1/contacts/", Err(404)),
            ("GET", "/api/v1/contacts//why", Err(404)),
            ("GET", "/api/v1/contacts/a/b/c", Err(404)),
            ("GET", "/api/v1", Err(404)),
            ("GET", "/api/v2/contacts", Err(404)),
            ("GET", "/api/v1/contacts/%ff", Err(400)),
        ];
        for (method, path, expected) in rows {
            assert_eq!(found(method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn what_is_allowed_is_told() {
        let allow = |method: &str, path: &str| find(method, path).unwrap_err().allow;
        assert_eq!(allow("PUT", "/api/v1/contacts/a/why").as_deref(), Some("GET"));
        assert_eq!(allow("DELETE", "/api/v1/contacts/check").as_deref(), Some("POST"));
    }
}
