//! Who must not be contacted, as keyed hashes: one list for the whole agency that shows nobody's addresses.
//!
//! A hash is an HMAC under a key of the configuration, so whoever reads the database can't tell an address by trying addresses.

use super::ids::{CampaignId, ClientId, Email};
use super::stage::options;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::Sha256;
use std::borrow::Cow;
use std::fmt;

options!(
    /// How far a suppression reaches.
    Scope {
        Campaign => "campaign",
        Client => "client",
        Agency => "agency",
    }
);

options!(
    /// What is suppressed. A domain stands for its subdomains too.
    Target {
        Address => "address",
        Domain => "domain",
    }
);

options!(
    /// Why; the strongest first. More than this is told to nobody.
    Reason {
        Erased => "erased",
        Complaint => "complaint",
        OptOut => "opt_out",
        Bounce => "bounce",
        Client => "client",
        Operator => "operator",
    }
);

/// A suppression that was found for an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub scope: Scope,
    pub client_id: Option<ClientId>,
    pub campaign: Option<CampaignId>,
    pub target: Target,
    pub reason: Reason,
}

impl Listed {
    fn applies(&self, client_id: &ClientId, campaign: Option<&CampaignId>) -> bool {
        match self.scope {
            Scope::Agency => true,
            Scope::Client => self.client_id.as_ref() == Some(client_id),
            Scope::Campaign => {
                self.client_id.as_ref() == Some(client_id) && campaign.is_some() && self.campaign.as_ref() == campaign
            }
        }
    }
}

/// What a client is told: that, and the closed reason; never by whom.
pub fn reason_for(listed: &[Listed], client_id: &ClientId, campaign: Option<&CampaignId>) -> Option<Reason> {
    listed.iter().filter(|listed| listed.applies(client_id, campaign)).map(|listed| listed.reason).min()
}

/// The person asked to be erased: nothing that is told of them is kept. (A domain is no person.)
pub fn is_erased(listed: &[Listed], client_id: &ClientId) -> bool {
    listed.iter().any(|listed| {
        listed.reason == Reason::Erased && listed.target == Target::Address && listed.applies(client_id, None)
    })
}

/// A key of the hashes; never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    bytes: Vec<u8>,
    id: String,
}

impl Key {
    /// Fewer characters are guessed too easily.
    pub const CHARS_MIN: usize = 16;

    pub fn new(secret: &str) -> Self {
        let bytes = secret.as_bytes().to_vec();
        let id = hash(&bytes, "key", "").chars().take(16).collect();
        Self { bytes, id }
    }

    /// Tells the key from others and gives nothing of it away.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

/// A hash as it is stored, with the key it was made under.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hashed {
    pub target: Target,
    pub value_hmac: String,
    pub key_id: String,
}

/// What the operator decided of suppression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// The first makes new hashes, the others are still asked: that is how a key is changed. Without any nothing is kept or asked.
    pub keys: Vec<Key>,
    /// How far an opt-out reaches.
    pub scope_of_opt_outs: Scope,
}

impl Default for Suppression {
    /// Another client's list is not touched unless the agency says so.
    fn default() -> Self {
        Self { keys: Vec::new(), scope_of_opt_outs: Scope::Client }
    }
}

impl Suppression {
    /// How an address is kept from now on; none without a key.
    pub fn address(&self, email: &Email) -> Option<Hashed> {
        self.keys.first().map(|key| hashed(key, Target::Address, &folded(email.as_str())))
    }

    /// How a domain is kept from now on; none without a key.
    pub fn domain(&self, domain: &str) -> Option<Hashed> {
        self.keys.first().map(|key| hashed(key, Target::Domain, &folded_domain(domain)))
    }

    /// A domain under every key.
    pub fn all_of_domain(&self, domain: &str) -> Vec<Hashed> {
        let domain = folded_domain(domain);
        self.keys.iter().map(|key| hashed(key, Target::Domain, &domain)).collect()
    }

    /// The address itself under every key, without its domains.
    pub fn all_of_address(&self, email: &Email) -> Vec<Hashed> {
        let address = folded(email.as_str());
        self.keys.iter().map(|key| hashed(key, Target::Address, &address)).collect()
    }

    /// Everything under which an address may be suppressed: itself, its domain and the domains above that, under every key.
    pub fn asked(&self, email: &Email) -> Vec<String> {
        if self.keys.is_empty() {
            return Vec::new();
        }
        let address = folded(email.as_str());
        let domains = domains_of(&address);
        let of = |key: &Key| {
            let domains = domains.iter().map(|domain| hash(&key.bytes, Target::Domain.as_str(), domain));
            std::iter::once(hash(&key.bytes, Target::Address.as_str(), &address)).chain(domains).collect::<Vec<_>>()
        };
        self.keys.iter().flat_map(of).collect()
    }
}

fn hashed(key: &Key, target: Target, value: &str) -> Hashed {
    Hashed { target, value_hmac: hash(&key.bytes, target.as_str(), value), key_id: key.id.clone() }
}

fn hash(key: &[u8], target: &str, value: &str) -> String {
    // HMAC takes keys of any length, so this is never the other.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(target.as_bytes());
    mac.update(b":");
    mac.update(value.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// One spelling for one address: letters are lowered already, a domain is in its ASCII form (RFC 5890), the local part in NFC.
fn folded(address: &str) -> Cow<'_, str> {
    if address.is_ascii() {
        return Cow::Borrowed(address);
    }
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let local: String = unicode_normalization::UnicodeNormalization::nfc(local).collect();
    Cow::Owned(format!("{}@{}", local.to_lowercase(), folded_domain(domain)))
}

fn folded_domain(domain: &str) -> String {
    let domain = domain.trim().trim_start_matches('@').trim_end_matches('.').to_lowercase();
    idna::domain_to_ascii(&domain).unwrap_or(domain)
}

/// The domain of an address and those above it, down to two labels: `a.b.example` gives `a.b.example` and `b.example`.
fn domains_of(address: &str) -> Vec<&str> {
    const LABELS_MAX: usize = 8;
    let Some((_, domain)) = address.rsplit_once('@') else { return Vec::new() };
    let mut domains = vec![domain];
    let mut rest = domain;
    while let Some((_, above)) = rest.split_once('.')
        && above.contains('.')
        && domains.len() < LABELS_MAX
    {
        domains.push(above);
        rest = above;
    }
    domains
}

/// Whether a domain can be suppressed: two labels at least, or everybody under `com` would be.
pub fn domain_of(text: &str) -> Option<String> {
    let domain = folded_domain(text);
    Email::parse(&format!("a@{domain}")).ok().map(|_| domain)
}

options!(
    /// Why somebody may not be written to by a campaign now.
    WhyNot {
        NoAddress => "no_address",
        Suppressed => "suppressed",
        DoNotContact => "do_not_contact",
        Bounced => "bounced",
        InSequence => "in_sequence",
        InConversation => "in_conversation",
        Customer => "customer",
        BeforeFollowUp => "before_follow_up",
    }
);

impl WhyNot {
    /// In words for a person.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoAddress => "it is no e-mail address",
            Self::Suppressed => "the address is suppressed",
            Self::DoNotContact => "the person opted out",
            Self::Bounced => "mail to this address came back for good",
            Self::InSequence => "a campaign writes to this contact already",
            Self::InConversation => "a person talks with this contact",
            Self::Customer => "it is a client already",
            Self::BeforeFollowUp => "it is not to be written to before its follow-up date",
        }
    }
}

/// Whether a campaign may write to a contact of this stage; none where it may.
pub fn why_not(
    stage: super::stage::Stage,
    follow_up: Option<chrono::NaiveDate>,
    today: chrono::NaiveDate,
) -> Option<WhyNot> {
    use super::stage::Stage;
    let waits = || follow_up.filter(|date| *date > today).map(|_| WhyNot::BeforeFollowUp);
    match stage {
        Stage::New => None,
        Stage::InSequence | Stage::SequencePaused | Stage::OutOfOffice => Some(WhyNot::InSequence),
        Stage::NoReply | Stage::NotInterested | Stage::Declined | Stage::Ghosted | Stage::NoShow => waits(),
        Stage::Bounced => Some(WhyNot::Bounced),
        Stage::Interested | Stage::MeetingBooked => Some(WhyNot::InConversation),
        Stage::DoNotContact => Some(WhyNot::DoNotContact),
        Stage::Won => Some(WhyNot::Customer),
    }
}

/// What is refused to a client because of a suppression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Refusal(pub Reason);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "suppressed ({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn suppression(keys: &[&str]) -> Suppression {
        Suppression { keys: keys.iter().map(|key| Key::new(key)).collect(), ..Suppression::default() }
    }

    fn email(text: &str) -> Email {
        Email::parse(text).unwrap()
    }

    fn hash_of(address: &str) -> String {
        suppression(&["a key of the tests"]).address(&email(address)).unwrap().value_hmac
    }

    #[test]
    fn one_address_has_one_hash_however_it_is_spelled() {
        let same: &[(&str, &str)] = &[
            ("Ada@Example.COM", "ada@example.com"),
            (" ada@example.com ", "ada@example.com"),
            ("ada@MÜNCHEN.example", "ada@xn--mnchen-3ya.example"),
            ("jose\u{301}@example.com", "jos\u{e9}@example.com"),
            ("JOSÉ@example.com", "josé@example.com"),
        ];
        for (one, other) in same {
            assert_eq!(hash_of(one), hash_of(other), "{one} and {other}");
        }
        let different: &[(&str, &str)] = &[
            ("ada+x@example.com", "ada@example.com"),
            ("a.da@example.com", "ada@example.com"),
            ("ada@example.com", "ada@mail.example.com"),
        ];
        for (one, other) in different {
            assert_ne!(hash_of(one), hash_of(other), "{one} and {other}");
        }
    }

    #[test]
    fn a_domain_stands_for_those_below_it() {
        let suppression = suppression(&["a key of the tests"]);
        let domain = suppression.domain("Example.com").unwrap().value_hmac;
        for (address, is_below) in [
            ("ada@example.com", true),
            ("ada@mail.example.com", true),
            ("ada@a.b.EXAMPLE.com", true),
            ("ada@badexample.com", false),
            ("example.com@other.example", false),
            ("ada@example.com.other.example", false),
        ] {
            assert_eq!(suppression.asked(&email(address)).contains(&domain), is_below, "{address}");
        }
        assert_eq!(domain_of("com"), None, "everybody under com is nobody in particular");
        assert_eq!(domain_of("@Example.com").as_deref(), Some("example.com"));
    }

    #[test]
    fn an_older_key_is_still_asked_and_no_longer_written() {
        let (old, both) =
            (suppression(&["the older key of two"]), suppression(&["the newer key of two", "the older key of two"]));
        let kept = old.address(&email("ada@example.com")).unwrap();
        assert!(both.asked(&email("ada@example.com")).contains(&kept.value_hmac));
        assert_ne!(both.address(&email("ada@example.com")).unwrap().value_hmac, kept.value_hmac);
        assert!(
            suppression(&[]).address(&email("ada@example.com")).is_none()
                && suppression(&[]).asked(&email("a@example.com")).is_empty()
        );
        assert_eq!(format!("{:?}", Key::new("the older key of two")).matches("older").count(), 0);
    }

    #[test]
    fn each_scope_reaches_as_far_as_it_says() {
        let (a, b) = (ClientId::parse("a").unwrap(), ClientId::parse("b").unwrap());
        let (one, two) = (CampaignId::parse("1").unwrap(), CampaignId::parse("2").unwrap());
        let listed = |scope, client: Option<&ClientId>, campaign: Option<&CampaignId>, reason| Listed {
            scope,
            client_id: client.cloned(),
            campaign: campaign.cloned(),
            target: Target::Address,
            reason,
        };
        let agency = listed(Scope::Agency, None, None, Reason::OptOut);
        let client = listed(Scope::Client, Some(&a), None, Reason::Complaint);
        let campaign = listed(Scope::Campaign, Some(&a), Some(&one), Reason::Operator);
        assert_eq!(reason_for(&[agency.clone(), client.clone()], &a, None), Some(Reason::Complaint), "the strongest");
        assert_eq!(reason_for(&[agency, client.clone()], &b, None), Some(Reason::OptOut));
        assert_eq!(reason_for(&[client], &b, None), None);
        let asked = |client, campaign_asked| reason_for(std::slice::from_ref(&campaign), client, campaign_asked);
        assert_eq!(
            [asked(&a, Some(&one)), asked(&a, Some(&two)), asked(&a, None), asked(&b, Some(&one))],
            [Some(Reason::Operator), None, None, None]
        );
        assert!(is_erased(&[listed(Scope::Client, Some(&a), None, Reason::Erased)], &a));
        assert!(!is_erased(&[listed(Scope::Client, Some(&a), None, Reason::Erased)], &b));
    }

    proptest! {
        #[test]
        fn case_never_counts_and_other_addresses_never_meet(
            local in "[a-z0-9._+-]{1,20}", other in "[a-z0-9._+-]{1,20}", domain in "[a-z0-9]{1,12}(\\.[a-z]{2,8}){1,3}"
        ) {
            let address = format!("{local}@{domain}");
            prop_assert_eq!(hash_of(&address), hash_of(&address.to_uppercase()));
            if local != other {
                prop_assert_ne!(hash_of(&address), hash_of(&format!("{other}@{domain}")));
            }
            prop_assert!(!suppression(&["a key of the tests"]).asked(&email(&address)).iter().any(|hash| hash.contains(&address)));
        }
    }
}
