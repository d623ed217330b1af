//! The codes of findings, each with how bad it is. docs/doctor.md tells of every one; a test holds the two together.

use super::Severity;
use std::fmt;

macro_rules! codes {
    ($($variant:ident => $text:literal, $severity:ident;)+) => {
        /// What was found; its text stays the same from version to version.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        pub enum Code {
            $(#[serde(rename = $text)] $variant),+
        }

        impl Code {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),+
                }
            }

            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$variant => Severity::$severity),+
                }
            }
        }
    };
}

codes! {
    ConfigFault => "config.fault", Fault;
    ConfigRead => "config.read", Ok;
    ClientNone => "client.none", Fault;
    SourceNone => "source.none", Warning;
    SourceUnproven => "source.unproven", Fault;
    SourceInsecure => "source.insecure", Fault;
    SecretPlaceholder => "secret.placeholder", Fault;
    SecretWeak => "secret.weak", Fault;
    SecretShared => "secret.shared", Warning;
    SecretsWell => "secret.well", Ok;
    AdminTokenMissing => "admin_token.missing", Warning;
    AdminTokenWeak => "admin_token.weak", Fault;
    ListenPublic => "listen.public", Warning;
    LimitBody => "limit.body", Warning;
    LimitOpenFiles => "limit.open_files", Fault;
    ScheduleOff => "schedule.off", Warning;
    TimeZones => "client.time_zones", Ok;
    FileExposed => "file.exposed", Warning;
    DiskFull => "disk.full", Fault;
    DiskTight => "disk.tight", Warning;
    DiskWell => "disk.well", Ok;
    SuppressionKeyMissing => "suppression.key_missing", Fault;
    SuppressionKeyUnknown => "suppression.key_unknown", Fault;
    DatabasePooler => "database.transaction_pooler", Fault;
    DatabaseUnreachable => "database.unreachable", Fault;
    DatabaseVersion => "database.version", Fault;
    DatabaseSearchPath => "database.search_path", Fault;
    DatabaseEncoding => "database.encoding", Fault;
    DatabaseSchemaOld => "database.schema_old", Fault;
    DatabaseSchemaNewer => "database.schema_newer", Fault;
    DatabaseReadOnly => "database.read_only", Fault;
    DatabasePrivileges => "database.privileges", Fault;
    DatabaseHidesRows => "database.hides_rows", Fault;
    DatabaseNoRowSecurity => "database.no_row_security", Fault;
    DatabaseExposed => "database.exposed", Fault;
    DatabaseRowsOff => "database.rows_off", Warning;
    DatabaseSuperuser => "database.superuser", Warning;
    DatabaseConnections => "database.connections", Warning;
    DatabasePlainText => "database.plain_text", Fault;
    DatabaseUnverified => "database.unverified", Warning;
    DatabaseWell => "database.well", Ok;
    ClockDatabase => "clock.database", Fault;
    ClockServices => "clock.services", Fault;
    ClockDrift => "clock.drift", Warning;
    ClockWell => "clock.well", Ok;
    TasksDead => "tasks.dead", Warning;
    TasksLate => "tasks.late", Warning;
    TasksWell => "tasks.well", Ok;
    AlertsOpen => "alerts.open", Warning;
    ServicePlainText => "service.plain_text", Fault;
    ServiceUnreachable => "service.unreachable", Fault;
    ServiceTls => "service.tls", Fault;
    ServiceBusy => "service.busy", Warning;
    ServiceUnfinished => "service.unfinished", Warning;
    ServiceSkipped => "service.skipped", Ok;
    ServiceAbsent => "service.absent", Ok;
    RootCertificates => "service.root_certificates", Fault;
    AirtableDenied => "airtable.denied", Fault;
    AirtableUnknown => "airtable.unknown", Fault;
    AirtableDiffers => "airtable.differs", Fault;
    AirtableByHand => "airtable.by_hand", Warning;
    AirtableLeadsTable => "airtable.leads_table", Fault;
    AirtableScope => "airtable.scope", Fault;
    AirtableQuota => "airtable.quota", Warning;
    AirtableWebhookSecret => "airtable.webhook_secret", Fault;
    AirtableWebhookMissing => "airtable.webhook_missing", Fault;
    AirtableWebhookOff => "airtable.webhook_off", Fault;
    AirtableWebhookExpired => "airtable.webhook_expired", Fault;
    AirtableClientUnnamed => "airtable.client_unnamed", Warning;
    AirtableWell => "airtable.well", Ok;
    PlatformKeyMissing => "platform.key_missing", Warning;
    PlatformDenied => "platform.denied", Fault;
    SmartleadWebhookGone => "smartlead.webhook_gone", Fault;
    SmartleadWebhookHidden => "smartlead.webhook_hidden", Fault;
    SmartleadWebhookDouble => "smartlead.webhook_double", Warning;
    SmartleadWebhookUnseen => "smartlead.webhook_unseen", Warning;
    SmartleadWebhookEvents => "smartlead.webhook_events", Warning;
    SmartleadWell => "smartlead.well", Ok;
    InstantlyWebhookMissing => "instantly.webhook_missing", Fault;
    InstantlyWebhookDisabled => "instantly.webhook_disabled", Fault;
    InstantlyWebhookScope => "instantly.webhook_scope", Warning;
    InstantlyWebhookEvents => "instantly.webhook_events", Warning;
    InstantlyWell => "instantly.well", Ok;
    GmailCredentials => "gmail.credentials", Warning;
    GmailKeyFile => "gmail.key_file", Fault;
    GmailRevoked => "gmail.revoked", Fault;
    GmailDenied => "gmail.denied", Fault;
    GmailOtherMailbox => "gmail.other_mailbox", Fault;
    GmailWatchLapsed => "gmail.watch_lapsed", Fault;
    GmailWatchMissing => "gmail.watch_missing", Warning;
    GmailWell => "gmail.well", Ok;
    ShadowSamePlace => "shadow.same_place", Fault;
    ShadowUnreadable => "shadow.unreadable", Fault;
    ShadowTableMissing => "shadow.table_missing", Fault;
    ShadowForbidden => "shadow.forbidden", Fault;
    ShadowOtherForm => "shadow.other_form", Fault;
    ShadowHidesRows => "shadow.hides_rows", Fault;
    ShadowClientUnknown => "shadow.client_unknown", Warning;
    ShadowLeftAlone => "shadow.left_alone", Ok;
    ShadowWell => "shadow.well", Ok;
    NotificationTarget => "notification.target", Fault;
    NotificationDisabled => "notification.disabled", Fault;
    NotificationWell => "notification.well", Ok;
    PineconeDenied => "pinecone.denied", Fault;
    PineconeModel => "pinecone.model", Fault;
    PineconeDimension => "pinecone.dimension", Fault;
    PineconeWell => "pinecone.well", Ok;
    EmbeddingsDenied => "embeddings.denied", Fault;
    AiDenied => "ai.denied", Fault;
    AiModel => "ai.model", Fault;
    AiWell => "ai.well", Ok;
    TelemetryUnreachable => "telemetry.unreachable", Fault;
    TelemetryRefused => "telemetry.refused", Fault;
    TelemetryWell => "telemetry.well", Ok;
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
