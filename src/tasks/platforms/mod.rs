//! The work at Smartlead and Instantly: what a platform should have is read from the contact's present state, then the platform is made
//! equal to it. One lane an account, so that a slow one holds up no other.

mod block;
mod completed;
mod desk;
mod gate;
mod instantly;
mod reconcile;
mod smartlead;
mod status;

use super::logs::{delivery_of, span_of, traced};
use super::{Pause, Turn, lease_until};
use crate::domain::any;
use crate::domain::ids::ClientId;
use crate::domain::outreach::Outreach;
use crate::domain::rules::Rules;
use crate::engine::rows::{ClaimedTask, TaskKind, TaskRow};
use crate::intake::Now;
use crate::services::instantly::Instantly;
use crate::services::smartlead::Smartlead;
use crate::sources::settings::{ClientSources, Secret};
use crate::store::{AccountTasks, Store, StoreError};
use desk::{Desk, Done};
pub use gate::Pace;
use gate::Stopped;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// An account at a platform, with the clients whose campaigns it sends.
#[derive(Debug, Clone)]
pub struct PlatformAccount {
    pub service: PlatformService,
    pub clients: Vec<ClientId>,
    /// How their webhooks are read; as usual where nothing is said.
    pub sources: BTreeMap<ClientId, ClientSources>,
    pub pace: Pace,
    /// Leads are asked for by themselves too, not only when a contact changes.
    pub comes_round: bool,
}

#[derive(Debug, Clone)]
pub enum PlatformService {
    Smartlead(Smartlead),
    Instantly {
        client: Instantly,
        /// The value of a label that stops a lead; without one it is taken out of its campaign.
        stop_interest: Option<i64>,
    },
}

impl PlatformService {
    pub fn platform(&self) -> Outreach {
        match self {
            Self::Smartlead(_) => Outreach::Smartlead,
            Self::Instantly { .. } => Outreach::Instantly,
        }
    }

    fn key(&self) -> &Secret {
        match self {
            Self::Smartlead(client) => client.key(),
            Self::Instantly { client, .. } => client.key(),
        }
    }

    /// Tells this account from all others. Not the key, and nothing that leads to it.
    fn fingerprint(&self) -> String {
        let digest = Sha256::new().chain_update("sales-engine account:").chain_update(self.key().expose()).finalize();
        hex::encode(digest).chars().take(16).collect()
    }
}

const KINDS: [TaskKind; 4] = [
    TaskKind::PlatformSyncSequence,
    TaskKind::PlatformBlock,
    TaskKind::PlatformLeadStatus,
    TaskKind::PlatformReconcile,
];
const PRIORITY_STATUS: u8 = 7;

pub(super) struct Lane {
    desk: Desk,
    service: PlatformService,
    clients: Vec<ClientId>,
    sources: BTreeMap<ClientId, ClientSources>,
    wants_rounds: bool,
}

impl Lane {
    pub(super) fn new(store: &Store, rules: &Rules, now: &Now, pause: &Pause, account: PlatformAccount) -> Self {
        let PlatformAccount { service, clients, sources, pace, comes_round } = account;
        let (platform, fingerprint) = (service.platform(), service.fingerprint());
        let gate = gate::Gate::new(store.clone(), now.clone(), pause.clone(), platform, &fingerprint, pace);
        let desk = Desk::new(store, rules, now, gate, platform);
        Self { desk, service, clients, sources, wants_rounds: comes_round }
    }

    /// One task.
    pub(super) async fn turn(&mut self) -> Result<Turn, StoreError> {
        if self.wants_rounds {
            self.want_rounds().await?;
            self.wants_rounds = false;
        }
        let desk = &self.desk;
        let tasks = AccountTasks { kinds: &KINDS, clients: &self.clients, platform: desk.platform };
        if !desk.store.has_due_account_task(tasks, desk.now()).await? {
            return Ok(Turn::Idle);
        }
        match desk.gate.hold().await {
            Ok(()) => {}
            Err(Stopped::Wait { until, .. } | Stopped::Denied { until, .. }) => return Ok(Turn::Wait(until)),
            Err(Stopped::Store(error)) => return Err(error),
            Err(Stopped::Platform { .. } | Stopped::Refused(_)) => return Ok(Turn::Idle),
        }
        let now = desk.now();
        let claimed = desk.store.claim_account_task(tasks, now, lease_until(now), Uuid::new_v4()).await?;
        let Some(task) = claimed else { return Ok(Turn::Idle) };
        let work = async { self.desk.settle(&task, now, self.work(&task).await).await };
        traced(span_of(std::slice::from_ref(&task)), work).await?;
        Ok(Turn::Worked(1))
    }

    #[tracing::instrument(name = "task", level = "info", skip_all,
        fields(delivery_id = delivery_of(task), task_id = %task.task_id, kind = %task.kind))]
    async fn work(&self, task: &ClaimedTask) -> Result<Done, Stopped> {
        let desk = &self.desk;
        match task.kind {
            TaskKind::PlatformSyncSequence => {
                let Some((subject, campaign)) = desk.sequence_of(task).await? else { return Ok(Done::default()) };
                match &self.service {
                    PlatformService::Smartlead(client) => smartlead::sync(desk, client, &subject, &campaign).await,
                    PlatformService::Instantly { client, stop_interest } => {
                        instantly::sync(desk, client, *stop_interest, &subject, &campaign).await
                    }
                }
            }
            TaskKind::PlatformBlock => block::work(desk, &self.service, task).await,
            TaskKind::PlatformLeadStatus => status::work(desk, &self.service, task).await,
            TaskKind::PlatformReconcile => {
                let usual = ClientSources::default();
                let sources = self.sources.get(&task.tenant).unwrap_or(&usual);
                // On the heap: it is the largest of them.
                Box::pin(reconcile::work(desk, &self.service, (&self.clients, sources), task)).await
            }
            any!(TaskKind: AirtableSyncLead AirtableWriteBack AirtableSyncClient AirtablePull AirtableWebhook
                AirtablePushCampaigns AirtableImportList GmailMailbox GmailWatch CampaignSpread VectorsDocument
                VectorsContact VectorsErase VectorsPull VectorsSweep SuppressionSpread ErasureRead AirtableEraseLead
                AiClassify AiSummarise AiFindDocuments AiDocument ScheduleHourly ScheduleDaily) => {
                Err(Stopped::Refused(format!("{} is not for this lane", task.kind)))
            }
        }
    }

    async fn want_rounds(&self) -> Result<(), StoreError> {
        let (kind, now) = (TaskKind::PlatformLeadStatus, self.desk.now());
        let round = |client: &ClientId| {
            TaskRow::of_platform(Uuid::new_v4(), kind, client.clone(), self.desk.platform, PRIORITY_STATUS, now)
        };
        self.desk.store.want(self.clients.iter().map(round).collect(), Vec::new()).await
    }
}

/// All accounts side by side, until told to stop.
pub(super) async fn run(lanes: Vec<Lane>, now: &Now, stop: &CancellationToken) {
    let mut running = tokio::task::JoinSet::new();
    for mut lane in lanes {
        let (now, stop) = (now.clone(), stop.clone());
        running.spawn(async move {
            let quiet = tokio::sync::Notify::new();
            while !stop.is_cancelled() {
                let turn = lane.turn().await;
                super::rest_after(turn, &now, quiet.notified(), &stop).await;
            }
        });
    }
    while let Some(ended) = running.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "work at a platform ended badly");
        }
    }
}
