//! What a reply means, and how the fold reads it.

use super::stage::options;

options!(
    /// The owner's `ai_intent` list.
    Intent {
        InterestedReadyToTalk => "interested_ready_to_talk",
        InterestedWantsInfo => "interested_wants_info",
        PricingQuestion => "pricing_question",
        QuestionAboutProduct => "question_about_product",
        ObjectionPrice => "objection_price",
        ObjectionTiming => "objection_timing",
        ObjectionHasSolution => "objection_has_solution",
        NotInterested => "not_interested",
        NotInterestedTiming => "not_interested_timing",
        OutOfOffice => "out_of_office",
        Unsubscribe => "unsubscribe",
        Other => "other",
    }
);

options!(
    /// The owner's `ai_sentiment` list.
    Sentiment {
        Positive => "positive",
        Neutral => "neutral",
        Negative => "negative",
        Interested => "interested",
        NotInterested => "not_interested",
    }
);

/// How an intent moves a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    Positive,
    Negative,
    OutOfOffice,
    Unsubscribe,
    Unclear,
}

impl Intent {
    pub const fn reading(self) -> Reading {
        match self {
            Self::InterestedReadyToTalk
            | Self::InterestedWantsInfo
            | Self::PricingQuestion
            | Self::QuestionAboutProduct
            | Self::ObjectionPrice
            | Self::ObjectionTiming
            | Self::ObjectionHasSolution => Reading::Positive,
            Self::NotInterested | Self::NotInterestedTiming => Reading::Negative,
            Self::OutOfOffice => Reading::OutOfOffice,
            Self::Unsubscribe => Reading::Unsubscribe,
            Self::Other => Reading::Unclear,
        }
    }

    /// The sentiment that goes with an intent where nobody gave one.
    pub const fn default_sentiment(self) -> Sentiment {
        match self.reading() {
            Reading::Positive => Sentiment::Interested,
            Reading::Negative | Reading::Unsubscribe => Sentiment::NotInterested,
            Reading::OutOfOffice | Reading::Unclear => Sentiment::Neutral,
        }
    }
}

/// No intent known reads as unclear: a person has to look.
pub const fn reading_of(intent: Option<Intent>) -> Reading {
    match intent {
        Some(intent) => intent.reading(),
        None => Reading::Unclear,
    }
}
