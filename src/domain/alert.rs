//! What a person must know and do something about.

use super::stage::options;

options!(
    /// What an alert is about.
    AlertKind {
        WroteToOptedOut => "wrote_to_opted_out",
        WroteToSuppressed => "wrote_to_suppressed",
        CampaignInConversation => "campaign_in_conversation",
        AddressBounces => "address_bounces",
        SenderBounce => "sender_bounce",
        SendingRefused => "sending_refused",
        MailboxDisconnected => "mailbox_disconnected",
        MailboxUnknown => "mailbox_unknown",
        Complaint => "complaint",
        MailNeedsAPerson => "mail_needs_a_person",
        ManualStep => "manual_step",
        MeetingNeedsAPerson => "meeting_needs_a_person",
        EventRefused => "event_refused",
        DeliveryUnrecognised => "delivery_unrecognised",
        DeliveryDead => "delivery_dead",
        TaskDead => "task_dead",
        ServiceDenied => "service_denied",
        ServiceFails => "service_fails",
        BudgetUsed => "budget_used",
        WatchLapsed => "watch_lapsed",
        WebhookLost => "webhook_lost",
        ItemNotTaken => "item_not_taken",
        LeadChanged => "lead_changed",
        LeadNotLinked => "lead_not_linked",
        SourceSilent => "source_silent",
        NotificationDead => "notification_dead",
        TargetDisabled => "target_disabled",
    }
);

options!(
    /// How far an alert is dealt with. A resolved one opens again when the same happens again.
    AlertStatus {
        Open => "open",
        Acknowledged => "acknowledged",
        Resolved => "resolved",
    }
);

impl AlertKind {
    /// What an operator does about it.
    pub const fn what_to_do(self) -> &'static str {
        match self {
            Self::WroteToOptedOut => {
                "take the contact out of every campaign at the platform, and find out who wrote to it; it stays do_not_contact"
            }
            Self::WroteToSuppressed => {
                "take the contact out of the campaign at the platform; before the next list is loaded, ask `contact check`"
            }
            Self::CampaignInConversation => "take the contact out of the new campaign; the conversation goes on",
            Self::AddressBounces => "find a new address of the contact and write to it there",
            Self::SenderBounce => {
                "look at the mailbox at the platform: its connection, its limits, its quota; what was not sent is sent again there"
            }
            Self::SendingRefused => {
                "look at the sending domain's SPF, DKIM and DMARC and its blocklists, and send less from it until that is well"
            }
            Self::MailboxDisconnected => {
                "connect the mailbox again at the platform; until then nothing is sent from it"
            }
            Self::MailboxUnknown => "add the mailbox to the client's configuration, or end its watch at Google",
            Self::Complaint => {
                "nothing for this contact, it is written to no more; several of them mean that the list or the text is wrong"
            }
            Self::MailNeedsAPerson => "open the mail and do what it asks for",
            Self::ManualStep => "do the step at the platform and mark it as done there",
            Self::MeetingNeedsAPerson => "write to the person and see that the meeting takes place",
            Self::EventRefused => {
                "look why with `contact why`; where the refusal is wrong, change the contact first and send the event again"
            }
            Self::DeliveryUnrecognised => {
                "say in the configuration what it means, or report the form of the payload, and replay these deliveries"
            }
            Self::DeliveryDead => "report it, it is a fault of the program; after a fix, replay the delivery",
            Self::TaskDead => "mend what the error says, then run the task again: `tasks --retry TASK_ID`",
            Self::ServiceDenied => {
                "look at the key or token of that service and at what it may do; then it goes on by itself"
            }
            Self::ServiceFails => "look at what the service answers; the work is tried again by itself",
            Self::BudgetUsed => "raise the plan or the cap, or wait for the next period; what waits is done then",
            Self::WatchLapsed => "look why it can't be renewed (topic, rights); until then the mailbox is only polled",
            Self::WebhookLost => "nothing if it was made again; else look at the rights of the token",
            Self::ItemNotTaken => "look at the item where it lies; it is tried again by the next start of the service",
            Self::LeadChanged => "nothing if that was meant; else change the contact, and its lead is made again",
            Self::LeadNotLinked => "make the missing record in Airtable; the next change of the contact links it",
            Self::SourceSilent => {
                "look whether the webhook is switched on at the source, and where it points to; it is over when something comes again"
            }
            Self::NotificationDead => {
                "mend the receiver, then send it again: `notifications --retry ID`; the later ones of its contact went on"
            }
            Self::TargetDisabled => {
                "mend the receiver, then switch the target on again: `notifications --enable TARGET`; what came meanwhile waits"
            }
        }
    }
}
