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

    /// The stage that columns off the matrix come nearest to, read from what an older system stored. Doubt goes to the side of
    /// silence: whatever speaks of an opt-out is one. Texts are compared without case and surrounding space.
    pub fn nearest(
        lead_status: Option<&str>,
        pipeline_status: Option<&str>,
        campaign_status: Option<&str>,
        lead_email_status: Option<&str>,
    ) -> Self {
        let clean = |text: Option<&str>| text.map(|text| text.trim().to_lowercase()).unwrap_or_default();
        let lead = LeadStatus::parse(&clean(lead_status));
        let pipeline = PipelineStatus::parse(&clean(pipeline_status));
        let campaign = CampaignStatus::parse(&clean(campaign_status));
        let email = LeadEmailStatus::parse(&clean(lead_email_status));
        if email == Some(LeadEmailStatus::Unsubscribed) {
            return Self::DoNotContact;
        }
        match lead {
            Some(LeadStatus::DoNotContact) => Self::DoNotContact,
            Some(LeadStatus::Won) => Self::Won,
            Some(LeadStatus::Declined) => Self::Declined,
            Some(LeadStatus::NoShow) => Self::NoShow,
            Some(LeadStatus::Ghosted) => Self::Ghosted,
            Some(LeadStatus::NotInterested) => Self::NotInterested,
            Some(LeadStatus::OutOfOffice) => Self::OutOfOffice,
            Some(LeadStatus::Interested) if pipeline == Some(PipelineStatus::MeetingBooked) => Self::MeetingBooked,
            Some(LeadStatus::Interested) => Self::Interested,
            Some(LeadStatus::Triage | LeadStatus::Active) | None => match (email, campaign) {
                (Some(LeadEmailStatus::Unsubscribed), _) => Self::DoNotContact,
                (Some(LeadEmailStatus::Bounced), _) => Self::Bounced,
                (Some(LeadEmailStatus::Replied), _) => Self::Interested,
                (Some(LeadEmailStatus::NoReply), _) | (None, Some(CampaignStatus::Completed)) => Self::NoReply,
                (None, Some(CampaignStatus::Active)) => Self::InSequence,
                (None, Some(CampaignStatus::Paused)) => Self::SequencePaused,
                (None, None) if lead == Some(LeadStatus::Active) => Self::InSequence,
                (None, None) => Self::New,
            },
        }
    }

    /// The stages in which the current campaign is kept; on leaving them it becomes a past one.
    pub const fn keeps_campaign(self) -> bool {
        match self {
            Self::InSequence | Self::SequencePaused | Self::OutOfOffice => true,
            any!(Self: New NoReply Bounced Interested MeetingBooked NotInterested Ghosted NoShow DoNotContact Won
                Declined) => false,
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
    fn columns_off_the_matrix_are_read_as_the_nearest_stage() {
        for (description, columns, stage) in [
            ("active without a campaign status", [Some("active"), Some("open"), None, None], Stage::InSequence),
            ("capitals and space", [Some(" Interested "), Some("Follow_up"), None, None], Stage::Interested),
            (
                "an opt-out anywhere is one",
                [Some("interested"), Some("open"), None, Some("unsubscribed")],
                Stage::DoNotContact,
            ),
            ("do_not_contact whatever else", [Some("do_not_contact"), None, Some("active"), None], Stage::DoNotContact),
            (
                "replied but still active",
                [Some("active"), Some("open"), Some("completed"), Some("replied")],
                Stage::Interested,
            ),
            (
                "a meeting in the pipeline",
                [Some("interested"), Some("meeting_booked"), None, None],
                Stage::MeetingBooked,
            ),
            ("nothing known", [None, None, None, None], Stage::New),
            ("words of another system", [Some("hot lead"), Some("x"), Some("running"), None], Stage::New),
        ] {
            let [lead, pipeline, campaign, email] = columns;
            assert_eq!(Stage::nearest(lead, pipeline, campaign, email), stage, "{description}");
        }
        for &stage in Stage::ALL {
            let c = stage.columns();
            let nearest = Stage::nearest(
                Some(c.lead_status.as_str()),
                Some(c.pipeline_status.as_str()),
                c.campaign_status.map(CampaignStatus::as_str),
                c.lead_email_status.map(LeadEmailStatus::as_str),
            );
            assert_eq!(nearest, stage, "on the matrix it is the stage itself");
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
