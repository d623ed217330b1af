//! What tests and people do to the stand-in, and what they look at.

use super::mailbox::Lag;
use super::{Call, Google, GoogleFault, Pushed, RefreshGrant, ServiceAccount, Subscription, headers, keys, oauth};

/// What people and their mail do.
impl Google {
    /// Opens a mailbox, if there is none of this address yet.
    pub fn add_mailbox(&mut self, address: &str) -> RefreshGrant {
        let address = self.mailbox(address).address.clone();
        RefreshGrant {
            client_id: oauth::CLIENT_ID.to_owned(),
            client_secret: oauth::CLIENT_SECRET.to_owned(),
            refresh_token: oauth::refresh_token(&address),
        }
    }

    /// The account that may act for every mailbox; none where no key could be made.
    pub fn service_account(&self) -> Option<ServiceAccount> {
        let key = keys::key(keys::SERVICE_ACCOUNT)?;
        Some(ServiceAccount {
            client_email: oauth::SERVICE_ACCOUNT.to_owned(),
            private_key_pem: key.private_pem.clone(),
            key_id: key.kid.clone(),
        })
    }

    /// What the administrator lets the service account ask for; nothing is no delegation.
    pub fn delegate(&mut self, scopes: &[&str]) {
        self.accounts.delegated_scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    }

    /// A mail comes into the inbox; gives the id of its message.
    pub fn deliver(&mut self, mailbox: &str, raw: &[u8]) -> String {
        self.deliver_labelled(mailbox, raw, &["CATEGORY_PERSONAL", "INBOX", "UNREAD"])
    }

    pub fn deliver_labelled(&mut self, mailbox: &str, raw: &[u8], labels: &[&str]) -> String {
        self.change(mailbox, |mailbox, now| mailbox.add(raw, labels, now))
    }

    /// A mail is sent by the mailbox; to itself it is in the inbox too.
    pub fn send(&mut self, mailbox: &str, raw: &[u8]) -> String {
        self.change(mailbox, |mailbox, now| {
            let headers = headers::headers(raw);
            let to = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("to"));
            let is_own = to.into_iter().any(|(_, to)| to.to_lowercase().contains(&mailbox.address));
            let labels: &[&str] = if is_own { &["INBOX", "SENT", "UNREAD"] } else { &["SENT"] };
            mailbox.add(raw, labels, now)
        })
    }

    /// Every save makes a new message and deletes the one before.
    pub fn save_draft(&mut self, mailbox: &str, raw: &[u8], earlier_id: Option<&str>) -> String {
        self.change(mailbox, |mailbox, now| {
            if let Some(id) = earlier_id {
                mailbox.remove(id);
            }
            mailbox.add(raw, &["DRAFT"], now)
        })
    }

    /// False where there is no such message.
    pub fn relabel(&mut self, mailbox: &str, id: &str, add: &[&str], remove: &[&str]) -> bool {
        self.change(mailbox, |mailbox, _| mailbox.relabel(id, add, remove))
    }

    /// For good; false where there is no such message.
    pub fn delete(&mut self, mailbox: &str, id: &str) -> bool {
        self.change(mailbox, |mailbox, _| mailbox.remove(id))
    }

    /// History from before now is not kept any more.
    pub fn expire_history(&mut self, mailbox: &str) {
        self.mailbox(mailbox).forget_history();
    }

    /// What comes from now on is not seen by the next so many history listings.
    pub fn lag(&mut self, mailbox: &str, listings: u32) {
        let mailbox = self.mailbox(mailbox);
        mailbox.lag = Some(Lag { seen_until: mailbox.history_id, listings });
    }

    /// Where the mailbox is now.
    pub fn history_id(&mut self, mailbox: &str) -> u64 {
        self.mailbox(mailbox).history_id
    }

    /// The owner takes the consent back: no token any more, and those that were given end. `subtype` is told beside the error.
    pub fn revoke(&mut self, mailbox: &str, subtype: Option<&'static str>) {
        let address = self.mailbox(mailbox).address.clone();
        self.accounts.revoked.insert(address);
        self.accounts.subtype = subtype;
    }

    /// The owner consents again.
    pub fn restore(&mut self, mailbox: &str) {
        let address = self.mailbox(mailbox).address.clone();
        self.accounts.revoked.remove(&address);
        self.accounts.subtype = None;
    }

    /// All access tokens end before their time.
    pub fn end_access_tokens(&mut self) {
        self.accounts.end_all_sessions();
    }

    /// Another key signs from now on; the one before stays in the set until the next time.
    pub fn rotate_keys(&mut self) {
        self.signing_key += 1;
    }

    pub fn add_topic(&mut self, topic: &str) {
        self.pubsub.topics.insert(topic.to_owned());
    }

    /// Gmail may not publish to the topic.
    pub fn close_topic(&mut self, topic: &str) {
        self.add_topic(topic);
        self.pubsub.closed_topics.insert(topic.to_owned());
    }

    /// Pushes of its topic are posted from now on; it replaces one of the same name.
    pub fn subscribe(&mut self, subscription: Subscription) {
        self.pubsub.subscriptions.retain(|known| known.name != subscription.name);
        self.pubsub.subscriptions.push(subscription);
    }

    /// True where a watch was asked for and not stopped; it may have expired.
    pub fn is_watched(&mut self, mailbox: &str) -> bool {
        self.mailbox(mailbox).watch.is_some()
    }

    /// Queues a fault for the next request of this kind.
    pub fn fail_next(&mut self, call: Call, fault: GoogleFault) {
        self.faults.push_back((call, fault));
    }

    /// Asks for each request that has a good token, before the queued faults, whether it is to fail.
    pub fn fail_when(&mut self, hook: impl FnMut(Call) -> Option<GoogleFault> + Send + 'static) {
        self.hook = Some(Box::new(hook));
    }

    pub fn fail_no_more(&mut self) {
        self.hook = None;
        self.faults.clear();
    }
}

/// What was asked of it.
impl Google {
    /// Requests of a kind that came, whatever became of them.
    pub fn calls(&self, call: Call) -> u64 {
        self.calls.get(&call).copied().unwrap_or(0)
    }

    /// Requests of a kind that a mailbox paid for.
    pub fn calls_of(&mut self, mailbox: &str, call: Call) -> u64 {
        self.mailbox(mailbox).usage.calls.get(&call).copied().unwrap_or(0)
    }

    /// Quota units that a mailbox paid.
    pub fn units_used(&mut self, mailbox: &str) -> u64 {
        self.mailbox(mailbox).usage.units
    }

    /// Requests that were refused because the units of the minute were used up.
    pub fn over_quota(&mut self, mailbox: &str) -> u64 {
        self.mailbox(mailbox).usage.over_quota
    }

    /// Requests that were refused because too many were under way.
    pub fn over_concurrent(&mut self, mailbox: &str) -> u64 {
        self.mailbox(mailbox).usage.over_concurrent
    }

    /// Every try to post, in its order.
    pub fn pushed(&self) -> &[Pushed] {
        &self.pubsub.done
    }

    /// Notices that were dropped because another was sent within the second.
    pub fn pushes_dropped(&self) -> u64 {
        self.pubsub.dropped
    }
}
