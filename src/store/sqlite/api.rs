//! What the API asks of the database: along indexes, page by page.

use super::{SqliteStore, StoreError};
use crate::domain::ids::ClientId;
use crate::store::api::{ContactFilter, TaskPage, stage_condition, stage_texts, task_conditions};
use crate::store::views::{ContactView, ROWS_MAX, TaskView};
use crate::store::views_of;
use uuid::Uuid;

const TASK: &str = "
    SELECT task_id, kind, client_id, task_key, contact_id, priority, status, attempts, due_at, last_error
    FROM tasks WHERE ";

impl SqliteStore {
    pub(in crate::store) async fn contacts_page(&self, filter: &ContactFilter) -> Result<Vec<ContactView>, StoreError> {
        // With three equations the planner takes the index that the fewest rows pass; both give the order of ids.
        let list = if filter.list.is_some() { " AND list_id = $8" } else { "" };
        let statement = [
            "SELECT * FROM contacts WHERE client_id = $1 AND contact_id > $2",
            stage_condition(filter.stage),
            list,
            " ORDER BY contact_id LIMIT $3",
        ];
        let [lead, pipeline, campaign, email] = stage_texts(filter.stage);
        let bound = bind!(
            sqlx::AssertSqlSafe(statement.concat()),
            filter.client.as_str(),
            filter.after.unwrap_or(Uuid::nil()).to_string(),
            filter.limit.min(ROWS_MAX),
            lead,
            pipeline,
            campaign,
            email,
            filter.list.map(|list| list.to_string())
        );
        self.all(bound, views_of::contact).await
    }

    pub(in crate::store) async fn tasks_page(&self, filter: &TaskPage) -> Result<Vec<TaskView>, StoreError> {
        let statement = [TASK, task_conditions(filter), " AND task_id > $3 ORDER BY task_id LIMIT $4"].concat();
        let bound = bind!(
            sqlx::AssertSqlSafe(statement),
            filter.status.as_str(),
            filter.client.as_ref().map_or("", ClientId::as_str),
            filter.after.unwrap_or(Uuid::nil()).to_string(),
            filter.limit.min(ROWS_MAX)
        );
        self.all(bound, views_of::task).await
    }
}
