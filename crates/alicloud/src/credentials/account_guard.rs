//! A guard: credentials are given out only after `GetCallerIdentity` has shown that they belong to an allowed account. What
//! is said of the account without a rule is taken as it is.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::assume_role::{REFRESH_TIMEOUT, is_account_id};
use super::{Credentials, CredentialsError, CredentialsErrorKind, CredentialsSource, Wait};
use crate::client::Client;
use crate::sts::CallerIdentity;

/// Which accounts may be acted on. An empty list says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountRule {
    /// If there are any, one of these.
    pub allowed: Vec<String>,
    /// None of these.
    pub forbidden: Vec<String>,
    /// The account that the credentials are said to belong to.
    pub stated: Option<String>,
}

impl AccountRule {
    /// Whether there is anything to check.
    pub fn is_empty(&self) -> bool {
        self.allowed.is_empty() && self.forbidden.is_empty()
    }

    /// The same rule for credentials of which nothing is said.
    #[must_use]
    pub(crate) fn for_roles(&self) -> AccountRule {
        AccountRule {
            stated: None,
            ..self.clone()
        }
    }

    /// Whether a text can be an account ID.
    pub fn is_account_id(text: &str) -> bool {
        is_account_id(text)
    }

    fn judge_statement(&self, account: &str) -> Result<(), CredentialsError> {
        match &self.stated {
            Some(stated) if stated != account => Err(wrong_account(format!(
                "account_id says that the credentials belong to the account {stated}, but they belong to the account \
                 {account}; nothing was changed. Use the credentials of the right account, or correct account_id"
            ))),
            _ => Ok(()),
        }
    }

    fn judge(&self, account: &str, arn: &str) -> Result<(), CredentialsError> {
        self.judge_statement(account)?;
        let fault = if self.forbidden.iter().any(|id| id == account) {
            "is in forbidden_account_ids".to_owned()
        } else if !self.allowed.is_empty() && !self.allowed.iter().any(|id| id == account) {
            format!(
                "is not one of allowed_account_ids ({})",
                self.allowed.join(", ")
            )
        } else {
            return Ok(());
        };
        Err(wrong_account(format!(
            "the credentials belong to {arn} of the account {account}, which {fault}; nothing was changed. Use the \
             credentials of the right account, or change the list"
        )))
    }
}

fn wrong_account(reason: String) -> CredentialsError {
    CredentialsError::new(CredentialsErrorKind::WrongAccount, reason)
}

/// A source whose account is checked before its first use.
#[derive(Debug)]
pub struct AccountGuard {
    source: Arc<dyn CredentialsSource>,
    client: Client,
    rule: AccountRule,
    account: OnceCell<Result<String, CredentialsError>>,
}

impl AccountGuard {
    /// Guards the credentials of `client`.
    pub fn new(client: Client, rule: AccountRule) -> AccountGuard {
        AccountGuard {
            source: Arc::clone(client.credentials()),
            client,
            rule,
            account: OnceCell::new(),
        }
    }

    async fn check(&self) -> Result<(), CredentialsError> {
        if self.rule.is_empty() {
            return Ok(());
        }
        let account = self.account.get_or_try_init(|| async {
            let identity = CallerIdentity::of(&self.client.operation(REFRESH_TIMEOUT)).await.map_err(|error| {
                CredentialsError::other(
                    "the account cannot be compared with allowed_account_ids and forbidden_account_ids",
                )
                .of_call(error)
            })?;
            let Some(account) = identity.account_id else {
                return Err(CredentialsError::other(
                    "the account cannot be compared with allowed_account_ids and forbidden_account_ids: the response of \
                     GetCallerIdentity has no AccountId",
                ));
            };
            let arn = identity.arn.unwrap_or_else(|| "an unnamed identity".to_owned());
            // A wrong account stays wrong; it need not be asked for again.
            Ok(self.rule.judge(&account, &arn).map(|()| account))
        });
        account.await?.as_ref().map(|_| ()).map_err(Clone::clone)
    }
}

#[async_trait]
impl CredentialsSource for AccountGuard {
    async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        self.check().await?;
        let credentials = self.source.credentials().await?;
        // A profile tells its role's account only once it has been read.
        if let Some(account) = self.source.account_id() {
            self.rule.judge_statement(&account)?;
        }
        Ok(credentials)
    }

    async fn replacement(
        &self,
        expired: &Credentials,
    ) -> Result<Option<Credentials>, CredentialsError> {
        self.check().await?;
        self.source.replacement(expired).await
    }

    fn waiting_for(&self) -> Option<Wait> {
        self.source.waiting_for().or(Some(Wait::Sts))
    }

    fn access_key_id(&self) -> Option<String> {
        self.source.access_key_id()
    }

    fn account_id(&self) -> Option<String> {
        let known = self.account.get().and_then(|account| account.as_ref().ok());
        known
            .or(self.rule.stated.as_ref())
            .cloned()
            .or_else(|| self.source.account_id())
    }
}

#[cfg(test)]
mod tests {
    use super::AccountRule;

    #[test]
    fn account_rules_are_checked() {
        let stated =
            |stated: Option<&str>, allowed: &[&str], forbidden: &[&str], expected: &str| {
                let list = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect();
                let rule = AccountRule {
                    allowed: list(allowed),
                    forbidden: list(forbidden),
                    stated: stated.map(str::to_owned),
                };
                let found = rule.judge("1", "acs:ram::1:user/x").err();
                let found = found.map(|error| error.to_string()).unwrap_or_default();
                assert_eq!(found.is_empty(), expected.is_empty(), "{found}");
                assert!(found.contains(expected), "{found}");
            };
        stated(Some("1"), &["1"], &[], "");
        stated(
            Some("2"),
            &["1"],
            &[],
            "belong to the account 2, but they belong to the account 1; nothing was changed",
        );
        let check = |allowed: &[&str], forbidden: &[&str], expected: &str| {
            stated(None, allowed, forbidden, expected);
        };
        check(&[], &[], "");
        check(&["2", "1"], &[], "");
        check(
            &["2", "3"],
            &[],
            "of the account 1, which is not one of allowed_account_ids (2, 3)",
        );
        check(&[], &["2"], "");
        check(&[], &["1"], "which is in forbidden_account_ids");
        check(&["1"], &["1"], "which is in forbidden_account_ids");
    }
}
