//! Whether a document may go into the index; what is in the way is told in words, all of it at once.

use super::{Context, Link, Namespace};

/// Longest text of a document, in bytes; two thousand pages or so.
pub const TEXT_BYTES_MAX: usize = 2_097_152;

/// A document as a person filled it in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Draft {
    pub title: String,
    pub namespace: Option<String>,
    pub context: Option<String>,
    /// By their records' ids.
    pub leads: Vec<String>,
    pub clients: Vec<String>,
    pub campaigns: Vec<String>,
    pub products: Vec<String>,
    pub text: String,
}

impl Draft {
    pub fn links(&self, link: Link) -> &[String] {
        match link {
            Link::Lead => &self.leads,
            Link::Client => &self.clients,
            Link::Campaign => &self.campaigns,
            Link::Product => &self.products,
        }
    }
}

/// Where a sound document goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub namespace: Namespace,
    pub context: Context,
}

/// Why a document can't be indexed, and what would do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("title is empty: give it one")]
    TitleMissing,
    #[error("namespace is empty: choose company_knowledge, client_documents or documents")]
    NamespaceMissing,
    #[error("namespace `{0}` is none of company_knowledge, client_documents, documents")]
    NamespaceUnknown(String),
    #[error("context is empty: choose one")]
    ContextMissing,
    #[error("context `{0}` is none that Sales Engine knows")]
    ContextUnknown(String),
    /// A client's document among the company's knowledge would be shown to every client.
    #[error("context {context} belongs to the namespace {}, not to {namespace}: change one of them", .context.namespace())]
    WrongNamespace { context: Context, namespace: Namespace },
    #[error("context {context} needs a {link}: link one in {}", .link.field())]
    LinkMissing { context: Context, link: Link },
    /// Rule 7.
    #[error("there is no text: fill content_text, or attach a text file as content")]
    TextMissing,
    #[error("its text is longer than {TEXT_BYTES_MAX} bytes: split it into several documents")]
    TextTooLong,
}

/// Checks all of it, so that a person mends all of it in one go.
pub fn check(draft: &Draft) -> Result<Place, Vec<Refusal>> {
    let mut refusals = Vec::new();
    if draft.title.trim().is_empty() {
        refusals.push(Refusal::TitleMissing);
    }
    let namespace = match named(draft.namespace.as_deref()) {
        None => Err(Refusal::NamespaceMissing),
        Some(name) => Namespace::parse(name).ok_or_else(|| Refusal::NamespaceUnknown(name.to_owned())),
    };
    let context = match named(draft.context.as_deref()) {
        None => Err(Refusal::ContextMissing),
        Some(name) => Context::parse(name).ok_or_else(|| Refusal::ContextUnknown(name.to_owned())),
    };
    if let (Ok(namespace), Ok(context)) = (&namespace, &context)
        && context.namespace() != *namespace
    {
        refusals.push(Refusal::WrongNamespace { context: *context, namespace: *namespace });
    }
    if let Ok(context) = context {
        let missing = context.required_links().iter().filter(|link| draft.links(**link).is_empty());
        refusals.extend(missing.map(|link| Refusal::LinkMissing { context, link: *link }));
    }
    if draft.text.trim().is_empty() {
        refusals.push(Refusal::TextMissing);
    } else if draft.text.len() > TEXT_BYTES_MAX {
        refusals.push(Refusal::TextTooLong);
    }
    match (namespace, context) {
        (Ok(namespace), Ok(context)) if refusals.is_empty() => Ok(Place { namespace, context }),
        (namespace, context) => {
            refusals.extend(namespace.err().into_iter().chain(context.err()));
            Err(refusals)
        }
    }
}

fn named(option: Option<&str>) -> Option<&str> {
    option.map(str::trim).filter(|name| !name.is_empty())
}

/// All refusals as one sentence.
pub fn in_words(refusals: &[Refusal]) -> String {
    refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(context: Context) -> Draft {
        let record = || vec!["rec1".to_owned()];
        Draft {
            title: "T".to_owned(),
            namespace: Some(context.namespace().to_string()),
            context: Some(context.to_string()),
            leads: record(),
            clients: record(),
            campaigns: record(),
            products: record(),
            text: "words".to_owned(),
        }
    }

    #[test]
    fn every_context_with_every_link_left_out() {
        for context in Context::ALL {
            assert_eq!(check(&whole(*context)), Ok(Place { namespace: context.namespace(), context: *context }));
            for link in Link::ALL {
                let mut draft = whole(*context);
                match link {
                    Link::Lead => draft.leads.clear(),
                    Link::Client => draft.clients.clear(),
                    Link::Campaign => draft.campaigns.clear(),
                    Link::Product => draft.products.clear(),
                }
                let expected = if context.required_links().contains(link) {
                    Err(vec![Refusal::LinkMissing { context: *context, link: *link }])
                } else {
                    Ok(Place { namespace: context.namespace(), context: *context })
                };
                assert_eq!(check(&draft), expected, "{context} without {link}");
            }
            for namespace in Namespace::ALL.iter().filter(|namespace| **namespace != context.namespace()) {
                let draft = Draft { namespace: Some(namespace.to_string()), ..whole(*context) };
                let expected = Refusal::WrongNamespace { context: *context, namespace: *namespace };
                assert_eq!(check(&draft), Err(vec![expected]));
            }
        }
    }

    #[test]
    fn rule_7_and_all_faults_at_once() {
        for text in ["", "  \n\t"] {
            let draft = Draft { text: text.to_owned(), ..whole(Context::Faq) };
            assert_eq!(check(&draft), Err(vec![Refusal::TextMissing]));
        }
        let long = Draft { text: "x".repeat(TEXT_BYTES_MAX + 1), ..whole(Context::Faq) };
        assert_eq!(check(&long), Err(vec![Refusal::TextTooLong]));
        let empty = check(&Draft::default()).unwrap_err();
        assert_eq!(
            empty,
            [Refusal::TitleMissing, Refusal::TextMissing, Refusal::NamespaceMissing, Refusal::ContextMissing]
        );
        let foreign =
            Draft { namespace: Some("elsewhere".to_owned()), context: Some("Poem".to_owned()), ..whole(Context::Faq) };
        assert_eq!(
            in_words(&check(&foreign).unwrap_err()),
            "namespace `elsewhere` is none of company_knowledge, client_documents, documents; context `Poem` is none that Sales Engine knows"
        );
        let demo = Draft { leads: Vec::new(), products: Vec::new(), ..whole(Context::DemoCall) };
        assert_eq!(
            in_words(&check(&demo).unwrap_err()),
            "context Demo Call needs a Lead: link one in linked_leads; context Demo Call needs a Product: link one in linked_products"
        );
    }
}
