//! Documents and messages as they go into the vector index: what a document must have, how its text is cut, what goes with each piece.

pub mod check;
pub mod chunk;
pub mod entry;

use super::stage::options;

options!(
    /// The three parts of the index (the owner's "Namespace Options").
    Namespace {
        CompanyKnowledge => "company_knowledge",
        ClientDocuments => "client_documents",
        Documents => "documents",
    }
);

options!(
    /// What kind of content a document is (the owner's "Context Options").
    Context {
        CompanyInfo => "Company Info",
        ProductPage => "Product Page",
        SalesProcess => "Sales Process",
        ObjectionHandling => "Objection Handling",
        BestPractice => "Best Practice",
        Training => "Training",
        Faq => "FAQ",
        Template => "Template",
        Pricing => "Pricing",
        IcpDocument => "ICP Document",
        GoalsDocument => "Goals Document",
        OfferDocument => "Offer Document",
        Deliverables => "Deliverables",
        ClientCall => "Client Call",
        ClientMeetingNotes => "Client Meeting Notes",
        Contract => "Contract",
        OnboardingForm => "Onboarding Form",
        ClientFeedback => "Client Feedback",
        SalesCall => "Sales Call",
        DiscoveryCall => "Discovery Call",
        DemoCall => "Demo Call",
        LeadMeetingNotes => "Lead Meeting Notes",
        Testimonial => "Testimonial",
        CaseStudy => "Case Study",
        EmailSequence => "Email Sequence",
        ColdEmailCopy => "Cold Email Copy",
        LeadResearch => "Lead Research",
        Proposal => "Proposal",
    }
);

options!(
    /// What a document can be linked to, as people call it.
    Link {
        Lead => "Lead",
        Client => "Client",
        Campaign => "Campaign",
        Product => "Product",
    }
);

impl Link {
    /// The field of the owner's table that holds the links.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Lead => "linked_leads",
            Self::Client => "linked_clients",
            Self::Campaign => "linked_campaigns",
            Self::Product => "linked_products",
        }
    }
}

impl Context {
    /// The one namespace that the owner lists it under.
    pub const fn namespace(self) -> Namespace {
        match self {
            any!(Self: CompanyInfo ProductPage SalesProcess ObjectionHandling BestPractice Training Faq Template
                Pricing) => Namespace::CompanyKnowledge,
            any!(Self: IcpDocument GoalsDocument OfferDocument Deliverables ClientCall ClientMeetingNotes Contract
                OnboardingForm ClientFeedback) => Namespace::ClientDocuments,
            any!(Self: SalesCall DiscoveryCall DemoCall LeadMeetingNotes Testimonial CaseStudy EmailSequence
                ColdEmailCopy LeadResearch Proposal) => Namespace::Documents,
        }
    }

    /// What it must be linked to (the owner's "Link Requirements by Context"; a demo stands in two of its rows).
    pub const fn required_links(self) -> &'static [Link] {
        match self {
            any!(Self: CompanyInfo SalesProcess ObjectionHandling BestPractice Training Faq Template Pricing
                LeadResearch) => &[],
            any!(Self: IcpDocument GoalsDocument OfferDocument Deliverables ClientCall ClientMeetingNotes Contract
                OnboardingForm ClientFeedback Testimonial CaseStudy) => &[Link::Client],
            Self::SalesCall | Self::DiscoveryCall | Self::LeadMeetingNotes => &[Link::Lead],
            Self::DemoCall => &[Link::Lead, Link::Product],
            Self::EmailSequence | Self::ColdEmailCopy => &[Link::Campaign],
            Self::ProductPage | Self::Proposal => &[Link::Product],
        }
    }

    /// The first word of its vectors' ids: recorded calls are told from documents (the owner's `doc_123_1`, `call_789_2`).
    pub const fn id_type(self) -> &'static str {
        match self {
            Self::ClientCall | Self::SalesCall | Self::DiscoveryCall | Self::DemoCall => "call",
            any!(Self: CompanyInfo ProductPage SalesProcess ObjectionHandling BestPractice Training Faq Template
                Pricing IcpDocument GoalsDocument OfferDocument Deliverables ClientMeetingNotes Contract
                OnboardingForm ClientFeedback LeadMeetingNotes Testimonial CaseStudy EmailSequence ColdEmailCopy
                LeadResearch Proposal) => "doc",
        }
    }
}

/// An option as the metadata writes it: `Sales Call` is `sales_call`.
pub fn slug(option: &str) -> String {
    let words: Vec<String> =
        option.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    words.join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owners_examples_are_spelt_so() {
        assert_eq!(slug(Context::SalesCall.as_str()), "sales_call");
        assert_eq!(slug("Zoom"), "zoom");
        assert_eq!(slug("Google Drive"), "google_drive");
        assert_eq!(slug(" ICP  Document!"), "icp_document");
    }

    #[test]
    fn every_context_of_the_owners_table_has_a_namespace_and_no_other_is_known() {
        let listed =
            |namespace: Namespace| Context::ALL.iter().filter(|context| context.namespace() == namespace).count();
        assert_eq!(Namespace::ALL.iter().map(|namespace| listed(*namespace)).collect::<Vec<_>>(), [9, 9, 10]);
        for context in Context::ALL.iter().filter(|context| context.namespace() == Namespace::ClientDocuments) {
            assert!(context.required_links().contains(&Link::Client), "{context}");
        }
    }
}
