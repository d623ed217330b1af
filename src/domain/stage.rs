//! The state matrix: a contact is always in exactly one of these stages.

macro_rules! options {
    ($(#[$doc:meta])* $name:ident { $($variant:ident => $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $(#[serde(rename = $text)] $variant),+
        }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The text that is stored and shown.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),+
                }
            }

            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|option| option.as_str() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use options;

options!(
    /// The 14 rows of the matrix (the owner's 13, and `SequencePaused` for a sequence paused by hand).
    Stage {
        New => "New",
        InSequence => "InSequence",
        SequencePaused => "SequencePaused",
        NoReply => "NoReply",
        Bounced => "Bounced",
        OutOfOffice => "OutOfOffice",
        Interested => "Interested",
        MeetingBooked => "MeetingBooked",
        NotInterested => "NotInterested",
        Ghosted => "Ghosted",
        NoShow => "NoShow",
        DoNotContact => "DoNotContact",
        Won => "Won",
        Declined => "Declined",
    }
);

options!(LeadStatus {
    Triage => "triage",
    Active => "active",
    Interested => "interested",
    NotInterested => "not_interested",
    OutOfOffice => "out_of_office",
    Ghosted => "ghosted",
    NoShow => "no_show",
    DoNotContact => "do_not_contact",
    Won => "won",
    Declined => "declined",
});

options!(PipelineStatus {
    Open => "open",
    FollowUp => "follow_up",
    MeetingBooked => "meeting_booked",
    Closed => "closed",
});

options!(CampaignStatus {
    Active => "active",
    Paused => "paused",
    Completed => "completed",
});

options!(LeadEmailStatus {
    Replied => "replied",
    NoReply => "no_reply",
    Bounced => "bounced",
    Unsubscribed => "unsubscribed",
});

/// The four columns that hold a stage in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns {
    pub lead_status: LeadStatus,
    pub pipeline_status: PipelineStatus,
    pub campaign_status: Option<CampaignStatus>,
    pub lead_email_status: Option<LeadEmailStatus>,
}

impl Stage {
    pub const fn columns(self) -> Columns {
        use {CampaignStatus as C, LeadEmailStatus as E, LeadStatus as L, PipelineStatus as P};
        let (lead_status, pipeline_status, campaign_status, lead_email_status) = match self {
            Self::New => (L::Triage, P::Open, None, None),
            Self::InSequence => (L::Active, P::Open, Some(C::Active), None),
            Self::SequencePaused => (L::Active, P::Open, Some(C::Paused), None),
            Self::NoReply => (L::Active, P::Open, Some(C::Completed), Some(E::NoReply)),
            Self::Bounced => (L::Active, P::Open, Some(C::Completed), Some(E::Bounced)),
            Self::OutOfOffice => (L::OutOfOffice, P::FollowUp, Some(C::Paused), Some(E::Replied)),
            Self::Interested => (L::Interested, P::FollowUp, Some(C::Completed), Some(E::Replied)),
            Self::MeetingBooked => (L::Interested, P::MeetingBooked, Some(C::Completed), Some(E::Replied)),
            Self::NotInterested => (L::NotInterested, P::Closed, Some(C::Completed), Some(E::Replied)),
            Self::Ghosted => (L::Ghosted, P::FollowUp, Some(C::Completed), Some(E::Replied)),
            Self::NoShow => (L::NoShow, P::FollowUp, Some(C::Completed), Some(E::Replied)),
            Self::DoNotContact => (L::DoNotContact, P::Closed, Some(C::Completed), Some(E::Unsubscribed)),
            Self::Won => (L::Won, P::Closed, Some(C::Completed), Some(E::Replied)),
            Self::Declined => (L::Declined, P::Closed, Some(C::Completed), Some(E::Replied)),
        };
        Columns { lead_status, pipeline_status, campaign_status, lead_email_status }
    }

    /// The stage that these columns hold, or none where the combination is off the matrix.
    pub fn from_columns(columns: Columns) -> Option<Self> {
        Self::ALL.iter().copied().find(|stage| stage.columns() == columns)
    }

    /// The stages in which the current campaign is kept; on leaving them it becomes a past one.
    pub const fn keeps_campaign(self) -> bool {
        match self {
            Self::InSequence | Self::SequencePaused | Self::OutOfOffice => true,
            Self::New
            | Self::NoReply
            | Self::Bounced
            | Self::Interested
            | Self::MeetingBooked
            | Self::NotInterested
            | Self::Ghosted
            | Self::NoShow
            | Self::DoNotContact
            | Self::Won
            | Self::Declined => false,
        }
    }

    /// The stages whose pipeline status is `follow_up`.
    pub fn is_follow_up(self) -> bool {
        self.columns().pipeline_status == PipelineStatus::FollowUp
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The owner's matrix and its one addition, copied by hand from the document.
    #[expect(clippy::type_complexity, reason = "a row of the owner's table as it stands there")]
    const MATRIX: [(&str, &str, &str, Option<&str>, Option<&str>); 14] = [
        ("New", "triage", "open", None, None),
        ("InSequence", "active", "open", Some("active"), None),
        ("SequencePaused", "active", "open", Some("paused"), None),
        ("NoReply", "active", "open", Some("completed"), Some("no_reply")),
        ("Bounced", "active", "open", Some("completed"), Some("bounced")),
        ("OutOfOffice", "out_of_office", "follow_up", Some("paused"), Some("replied")),
        ("Interested", "interested", "follow_up", Some("completed"), Some("replied")),
        ("MeetingBooked", "interested", "meeting_booked", Some("completed"), Some("replied")),
        ("NotInterested", "not_interested", "closed", Some("completed"), Some("replied")),
        ("Ghosted", "ghosted", "follow_up", Some("completed"), Some("replied")),
        ("NoShow", "no_show", "follow_up", Some("completed"), Some("replied")),
        ("DoNotContact", "do_not_contact", "closed", Some("completed"), Some("unsubscribed")),
        ("Won", "won", "closed", Some("completed"), Some("replied")),
        ("Declined", "declined", "closed", Some("completed"), Some("replied")),
    ];

    #[test]
    fn every_stage_is_its_row_of_the_matrix() {
        assert_eq!(Stage::ALL.len(), MATRIX.len());
        for (stage, row) in Stage::ALL.iter().zip(MATRIX) {
            let c = stage.columns();
            let columns = (
                stage.as_str(),
                c.lead_status.as_str(),
                c.pipeline_status.as_str(),
                c.campaign_status.map(CampaignStatus::as_str),
                c.lead_email_status.map(LeadEmailStatus::as_str),
            );
            assert_eq!(columns, row);
        }
    }

    #[test]
    fn the_columns_give_the_stage_back_and_nothing_else_does() {
        let mut on_the_matrix = 0;
        for &lead_status in LeadStatus::ALL {
            for &pipeline_status in PipelineStatus::ALL {
                for campaign_status in [None].into_iter().chain(CampaignStatus::ALL.iter().copied().map(Some)) {
                    for lead_email_status in [None].into_iter().chain(LeadEmailStatus::ALL.iter().copied().map(Some)) {
                        let columns = Columns { lead_status, pipeline_status, campaign_status, lead_email_status };
                        if let Some(stage) = Stage::from_columns(columns) {
                            assert_eq!(stage.columns(), columns);
                            on_the_matrix += 1;
                        }
                    }
                }
            }
        }
        assert_eq!(on_the_matrix, 14);
    }
}
