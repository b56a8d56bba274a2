//! The RAM role of an ECS instance, from the instance's metadata service.
//!
//! Version 2 of the service first: `PUT` for a token, then `GET` with it. Version 1, without a token, only if it is
//! allowed and the service responded that it knows no tokens. The address is link-local, so no proxy is ever used, and one
//! second is enough to learn that this machine is not an instance. Source: the public pages on instance metadata.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Method, Url};

use super::request::{self, Reach, Request, Response};
use super::{
    Context, CredentialsError, CredentialsErrorKind, CredentialsSource, Environment, Fetch,
    Refreshing, Secret, ServiceFault, TemporaryCredentials, Wait,
};
use crate::http::{Http, Route};

/// The service on an instance.
const ADDRESS: &str = "http://100.100.100.200/";
/// Seconds that a token of the service lasts; the most there is.
const TOKEN_SECONDS: &str = "21600";
const ROLES: &str = "latest/meta-data/ram/security-credentials/";

/// Names a stand-in for the service, on this machine: for tests.
const STAND_IN: &str = "ALIBABA_CLOUD_ECS_METADATA_SERVICE_ENDPOINT";

/// What to ask the service for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstanceMetadata {
    /// The role; `None`: the one that the instance has.
    pub role: Option<String>,
    /// Whether version 1 of the service, without tokens, will not do.
    pub v2_only: bool,
    /// Whether somebody has asked for these credentials. If not, a machine without the service is no error but
    /// [`absent`](CredentialsError::is_absent).
    pub expected: bool,
}

/// Credentials of the instance's role.
pub struct EcsMetadata {
    http: Arc<Http>,
    environment: Environment,
    wanted: InstanceMetadata,
}

impl EcsMetadata {
    /// A source of sessions.
    pub fn source(context: &Context, wanted: InstanceMetadata) -> Arc<dyn CredentialsSource> {
        let metadata = EcsMetadata {
            http: Arc::clone(context.client.http()),
            environment: context.environment.clone(),
            wanted,
        };
        Arc::new(Refreshing::new(metadata, context.clock()))
    }

    async fn ask(&self) -> Result<TemporaryCredentials, CredentialsError> {
        let base = match request::stand_in(&self.environment, STAND_IN)? {
            Some(url) => url,
            None => {
                Url::parse(ADDRESS).map_err(|error| CredentialsError::other(error.to_string()))?
            }
        };
        let at = |path: &str| {
            base.join(path).map_err(|error| {
                let reason = format!("the role name cannot be part of a URL: {error}");
                CredentialsError::new(CredentialsErrorKind::Value, reason)
            })
        };
        let token = self.token(at("latest/api/token")?).await?;
        let get = async |url: Url| -> Result<Response, CredentialsError> {
            let mut request = Request::new(Method::GET, url);
            if let Some(token) = &token {
                request = request.header("x-aliyun-ecs-metadata-token", token.expose());
                request.secrets.push(token);
            }
            request.send(&self.http, REACH).await
        };
        let role = match &self.wanted.role {
            Some(role) => role.clone(),
            None => {
                let response = get(at(ROLES)?).await?;
                let role = response.text();
                match response.status {
                    200 if is_role_name(&role) => role.to_string(),
                    404 => {
                        return Err(CredentialsError::absent(
                            "no RAM role is attached to this ECS instance",
                        ));
                    }
                    200 if role.is_empty() => {
                        return Err(CredentialsError::absent(
                            "no RAM role is attached to this ECS instance",
                        ));
                    }
                    // Somebody responds, but not as the service does.
                    200 => {
                        return Err(CredentialsError::service(
                            ServiceFault::Response,
                            "its response to the question for the role is not the name of a role"
                                .to_owned(),
                        ));
                    }
                    status => {
                        return Err(CredentialsError::service(
                            ServiceFault::Failed,
                            format!(
                                "it responded with HTTP {status} when asked for the name of the role"
                            ),
                        ));
                    }
                }
            }
        };
        let response = get(at(&format!("{ROLES}{role}"))?).await?;
        if response.status == 404 {
            return Err(CredentialsError::service(
                ServiceFault::NoInstanceRole,
                format!("the role {role} is not attached to this ECS instance (HTTP 404)"),
            ));
        }
        let fields = response.fields()?;
        match fields.get("Code").and_then(|code| code.as_str()) {
            None | Some("Success") => TemporaryCredentials::of_document(&fields),
            Some(code) => Err(CredentialsError::service(
                ServiceFault::Failed,
                format!(
                    "its response for the role {role} has the Code \"{}\", not \"Success\"",
                    response.shown(code)
                ),
            )),
        }
    }

    /// A token of version 2, or none where version 1 has to do.
    async fn token(&self, url: Url) -> Result<Option<Secret>, CredentialsError> {
        let request = Request::new(Method::PUT, url)
            .header("x-aliyun-ecs-metadata-token-ttl-seconds", TOKEN_SECONDS);
        let response = match request.send_unless_alone(&self.http, REACH).await {
            Ok(response) => response?,
            Err(nobody) => {
                // Which is what most machines say.
                let absent =
                    CredentialsError::absent("this machine does not seem to be an ECS instance");
                return Err(absent.caused_by(nobody));
            }
        };
        let token = response.text();
        match response.status {
            200 if !token.is_empty() => Ok(Some(Secret::new(token.as_str()))),
            status if self.wanted.v2_only => Err(CredentialsError::service(
                ServiceFault::Failed,
                format!(
                    "it returned no token (HTTP {status}), and version 1 of the service, without tokens, is not allowed \
                 (ALIBABA_CLOUD_IMDSV1_DISABLED)"
                ),
            )),
            _ => Ok(None),
        }
    }
}

/// Whether a response is the name of a role: RAM allows letters, digits, `.`, `_` and `-`, at most 64.
fn is_role_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(fits)
}

/// A quick response or none.
const REACH: Reach = Reach {
    route: Route {
        direct: true,
        connect_timeout: Duration::from_millis(900),
    },
    timeout: Duration::from_millis(950),
};

impl fmt::Debug for EcsMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EcsMetadata").field(&self.wanted).finish()
    }
}

#[async_trait]
impl Fetch for EcsMetadata {
    async fn fetch(&self) -> Result<TemporaryCredentials, CredentialsError> {
        self.ask().await.map_err(|error| {
            let reason = "the ECS metadata service returned no credentials";
            match error.kind() {
                // Somebody wants these credentials, so that they are not there is a fault.
                CredentialsErrorKind::Absent if self.wanted.expected => {
                    CredentialsError::service(ServiceFault::NoInstanceRole, reason).because(error)
                }
                _ => CredentialsError::other(reason).because(error),
            }
        })
    }

    fn waiting_for(&self) -> Wait {
        Wait::Metadata
    }

    fn issuer(&self) -> String {
        "the ECS metadata service".to_owned()
    }
}
