//! The platforms that send sequences, and what each should do for a contact now: derived from where the contact stands, never from
//! what was asked of it before.

use super::contact::Contact;
use super::ids::CampaignId;
use super::stage::{Stage, options};
use chrono::NaiveDate;

options!(
    /// A platform that sends sequences.
    Outreach {
        Smartlead => "smartlead",
        Instantly => "instantly",
    }
);

impl Outreach {
    /// Whose campaign this is, by the form of its id: Smartlead's are numbers, Instantly's are UUIDs, and neither takes the other's.
    /// None where no platform that is called could know it.
    pub fn of(campaign: &CampaignId) -> Option<Self> {
        let id = campaign.as_str();
        if id.bytes().all(|b| b.is_ascii_digit()) {
            Some(Self::Smartlead)
        } else if id.len() == 36 && uuid::Uuid::try_parse(id).is_ok() {
            Some(Self::Instantly)
        } else {
            None
        }
    }

    /// As people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Smartlead => "Smartlead",
            Self::Instantly => "Instantly",
        }
    }
}

/// What a campaign should do for a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Write on.
    Running,
    /// Write nothing until they are back, or until a person says so where no day is known.
    PausedUntil(Option<NaiveDate>),
    /// Write nothing any more, for this reason.
    Stopped(Why),
    /// The campaign is over by itself, or never was this contact's.
    Nothing,
}

options!(
    /// Why a sequence is to be stopped, as log rows say it.
    Why {
        TakenOver => "another campaign took the contact over",
        Bounced => "the address bounces",
        InConversation => "the contact is in conversation with us",
        NotInterested => "the contact is not interested",
        OptedOut => "the contact opted out (do_not_contact)",
        Closed => "the deal is closed",
        Suppressed => "the address is on the list of those that must not be written to",
    }
);

/// What this campaign should do for the contact now.
pub fn wanted(contact: &Contact, campaign: &CampaignId) -> Wanted {
    let is_current = contact.current_campaign.as_ref() == Some(campaign);
    let was_theirs = contact.past_campaigns.contains(campaign);
    let stop = |why: Why| if is_current || was_theirs { Wanted::Stopped(why) } else { Wanted::Nothing };
    match contact.stage {
        Stage::InSequence if is_current => Wanted::Running,
        Stage::SequencePaused if is_current => Wanted::PausedUntil(None),
        Stage::OutOfOffice if is_current => Wanted::PausedUntil(contact.follow_up_date),
        Stage::InSequence | Stage::SequencePaused | Stage::OutOfOffice => stop(Why::TakenOver),
        Stage::Bounced => stop(Why::Bounced),
        Stage::Interested | Stage::MeetingBooked | Stage::Ghosted | Stage::NoShow => stop(Why::InConversation),
        Stage::NotInterested => stop(Why::NotInterested),
        // Whatever campaign it is, also one that nobody knew of.
        Stage::DoNotContact => Wanted::Stopped(Why::OptedOut),
        Stage::Won | Stage::Declined => stop(Why::Closed),
        Stage::New | Stage::NoReply => Wanted::Nothing,
    }
}

/// The campaigns that should do something else now than before.
pub fn changed(before: &Contact, after: &Contact) -> Vec<CampaignId> {
    let all =
        [before, after].into_iter().flat_map(|contact| contact.past_campaigns.iter().chain(&contact.current_campaign));
    let mut changed: Vec<CampaignId> = Vec::new();
    for campaign in all {
        let now = wanted(after, campaign);
        if now != Wanted::Nothing && now != wanted(before, campaign) && !changed.contains(campaign) {
            changed.push(campaign.clone());
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn campaign(id: &str) -> CampaignId {
        CampaignId::parse(id).unwrap()
    }

    #[test]
    fn a_campaigns_id_tells_whose_it_is() {
        for (id, platform) in [
            ("3623750", Some(Outreach::Smartlead)),
            ("019db117-9cc0-7982-98a3-9214ab22ab34", Some(Outreach::Instantly)),
            ("019db1179cc0798298a39214ab22ab34", None),
            ("autumn", None),
            ("3623750a", None),
        ] {
            assert_eq!(Outreach::of(&campaign(id)), platform, "{id}");
        }
    }

    #[test]
    fn each_stage_says_what_its_campaigns_should_do() {
        use Stage as S;
        let day = NaiveDate::from_ymd_opt(2026, 12, 1);
        let stopped = Wanted::Stopped;
        // Of the current campaign, of a past one, of one that was never theirs.
        let rows = [
            (S::New, Wanted::Nothing, Wanted::Nothing, Wanted::Nothing),
            (S::InSequence, Wanted::Running, stopped(Why::TakenOver), Wanted::Nothing),
            (S::SequencePaused, Wanted::PausedUntil(None), stopped(Why::TakenOver), Wanted::Nothing),
            (S::OutOfOffice, Wanted::PausedUntil(day), stopped(Why::TakenOver), Wanted::Nothing),
            (S::NoReply, Wanted::Nothing, Wanted::Nothing, Wanted::Nothing),
            (S::Bounced, stopped(Why::Bounced), stopped(Why::Bounced), Wanted::Nothing),
            (S::Interested, stopped(Why::InConversation), stopped(Why::InConversation), Wanted::Nothing),
            (S::MeetingBooked, stopped(Why::InConversation), stopped(Why::InConversation), Wanted::Nothing),
            (S::NotInterested, stopped(Why::NotInterested), stopped(Why::NotInterested), Wanted::Nothing),
            (S::Ghosted, stopped(Why::InConversation), stopped(Why::InConversation), Wanted::Nothing),
            (S::NoShow, stopped(Why::InConversation), stopped(Why::InConversation), Wanted::Nothing),
            (S::DoNotContact, stopped(Why::OptedOut), stopped(Why::OptedOut), stopped(Why::OptedOut)),
            (S::Won, stopped(Why::Closed), stopped(Why::Closed), Wanted::Nothing),
            (S::Declined, stopped(Why::Closed), stopped(Why::Closed), Wanted::Nothing),
        ];
        assert_eq!(rows.len(), Stage::ALL.len());
        for (stage, current, past, foreign) in rows {
            let contact = Contact {
                stage,
                current_campaign: Some(campaign("1")),
                past_campaigns: vec![campaign("2")],
                follow_up_date: day,
                ..Contact::default()
            };
            let of = |id: &str| wanted(&contact, &campaign(id));
            assert_eq!((of("1"), of("2"), of("3")), (current, past, foreign), "{stage}");
        }
    }

    #[test]
    fn only_what_should_be_otherwise_is_changed() {
        let before = Contact {
            stage: Stage::InSequence,
            current_campaign: Some(campaign("1")),
            past_campaigns: vec![campaign("0")],
            ..Contact::default()
        };
        let after = Contact {
            current_campaign: Some(campaign("2")),
            past_campaigns: vec![campaign("0"), campaign("1")],
            ..before.clone()
        };
        assert_eq!(changed(&before, &after), [campaign("1"), campaign("2")]);
        assert_eq!(changed(&before, &before), []);
        let over = Contact {
            stage: Stage::NoReply,
            current_campaign: None,
            past_campaigns: vec![campaign("0"), campaign("1")],
            ..before.clone()
        };
        assert_eq!(changed(&before, &over), [], "a sequence that ran out needs no stopping");
    }
}
