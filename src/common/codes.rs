//! The codes of the provider's own errors and warnings, as data. The page `docs/guides/errors.md` is generated from this table
//! and from the codes of the services in `alicloud`.
//!
//! To add a code, add one line here and run `UPDATE_DOCS=1 cargo test -p terraform-provider-alicloud docs`. A test in `tidy`
//! compares the table with the codes in the sources, in both directions.

/// What is documented of a code.
pub(crate) struct ProviderCode {
    /// The code, exactly as messages have it: `Provider.` and a name.
    pub(crate) code: &'static str,
    /// Whether the same command can succeed if nothing is changed before.
    pub(crate) retry: Retry,
    /// What happened, and what was sent. Markdown, without a full stop.
    pub(crate) meaning: &'static str,
    /// What to do. Markdown, whole sentences.
    pub(crate) advice: &'static str,
}

/// Whether running the same command once more can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// It fails again until something is changed.
    No,
    /// The cause may pass.
    Yes,
    /// Only after it is known what became of the first request.
    AfterLooking,
}

const fn row(
    code: &'static str,
    retry: Retry,
    meaning: &'static str,
    advice: &'static str,
) -> ProviderCode {
    ProviderCode {
        code,
        retry,
        meaning,
        advice,
    }
}

/// All codes, in the order of the alphabet.
#[rustfmt::skip]
pub(crate) const CODES: &[ProviderCode] = { use Retry::{AfterLooking, No, Yes}; &[
    row("Provider.AccountMismatch", No, "The object is in another account than the credentials, or a change leads to another account. Nothing was changed", "Use credentials or a role of the account that the error names."),
    row("Provider.AlreadyBound", No, "`existing_binding = \"REFUSE\"`, and a space of the account already holds the WABA. No bind was sent", "Import the binding, as the error shows."),
    row("Provider.AnotherWabaBound", No, "The service bound another WABA than the one that it was asked to bind. The binding is in the state, tainted", "Look in the console what is bound, and report the case to Alibaba Cloud support."),
    row("Provider.BoundTwice", No, "Two resources of one run bind the same WABA. No bind was sent for the second one", "Let one resource bind the WABA."),
    row("Provider.Bug", No, "A bug: the provider made a result that cannot be right. The error says what it means for object and state", "Report it, as the error says."),
    row("Provider.ConfigurationUnknown", No, "An object has to be read, but arguments of the provider block are not known until apply. Nothing was sent", "Set them to known values, or first apply what they depend on."),
    row("Provider.CountryCodeMismatch", No, "`country_code` is not the beginning of `phone_number`. Nothing was sent", "Correct one of the two."),
    row("Provider.CreatedTwice", No, "Two resources of one run write the same object. Nothing was sent for the second one", "Let one resource manage the object."),
    row("Provider.Credentials.AssumeRole", No, "STS refused to issue a session of a role. `Service code` has the code of STS", "Check the role, its trust policy and the credentials that assume it."),
    row("Provider.Credentials.CallerIdentity", No, "STS refused to name the account of the credentials. `Service code` has the code of STS", "Check the credentials."),
    row("Provider.Credentials.Expired", No, "A program or a host that hands out credentials returned some that had already expired. Nothing was sent", "Renew the credentials where the error says that they come from, or correct the clock."),
    row("Provider.Credentials.File", No, "A file with credentials or an OIDC token is there but cannot be used. Nothing was sent", "Correct the file that the error names."),
    row("Provider.Credentials.Invalid", No, "There are no valid credentials, for a reason without a code of its own. Nothing was sent", "See `Reason` in the error."),
    row("Provider.Credentials.LoginExpired", No, "A login that was made with the Alibaba Cloud CLI has ended. Nothing was sent", "Log in again."),
    row("Provider.Credentials.LoginNotRenewable", No, "A login cannot be renewed, because its file cannot be replaced. Nothing was sent, and the login is not lost", "Make the file and its directory writable."),
    row("Provider.Credentials.NotFound", No, "No credentials were found anywhere. Nothing was sent", "Configure credentials."),
    row("Provider.Credentials.Profile", No, "A profile lacks a field, or has one that cannot be used. Nothing was sent", "Correct the profile that the error names."),
    row("Provider.Credentials.ProfileMissing", No, "The file has no profile of the name that is configured. Nothing was sent", "Correct the name, or add the profile."),
    row("Provider.Credentials.Program", No, "A program that prints credentials is forbidden, failed, or printed something else. Nothing was sent", "Follow the advice of the error: unset the variable that forbids the program, or run the program by hand."),
    row("Provider.Credentials.Service", Yes, "A host that hands out credentials, such as the credentials URI or the metadata service of the instance, gave none, or the way to it failed", "The summary names what failed, the proxy, the connection or the host, and `Reason` the details."),
    row("Provider.Credentials.StsUnavailable", Yes, "STS could not be reached, was down, or throttled the calls", "Check the network between this machine and STS."),
    row("Provider.Credentials.Value", No, "An AccessKey or another configured value cannot be one. Nothing was sent", "Correct the value that the error names."),
    row("Provider.Credentials.WrongAccount", No, "The credentials belong to an account that the provider block does not allow. Nothing was changed", "Use credentials of the right account."),
    row("Provider.DebugConfiguration", No, "A process in debug mode has another provider configuration already. Nothing was sent", "Start a process for each provider block."),
    row("Provider.DeletionPrevented", No, "`deletion_policy = \"PREVENT\"` protects the object, and the plan or the apply would destroy or replace it. Nothing was sent", "Apply another policy first, or use a `removed` block, `terraform state rm` or a `moved` block."),
    row("Provider.IdentityChanged", No, "An object ended with another identity than it began with: a bug, or a state edited by hand", "See the error."),
    row("Provider.IncompleteCredentials", No, "The configured credentials lack a part, such as `secret_key`. Nothing was sent", "Set the missing argument or environment variable."),
    row("Provider.IncompleteList", Yes, "A warning: the service ended a list of spaces before the number of rows that it announced", "Run the query again."),
    row("Provider.InvalidArgument", No, "A block has a value that cannot be used, lacks an argument, or sets arguments that exclude each other. Nothing was sent", "Correct the argument that the error names."),
    row("Provider.InvalidConfiguration", No, "A value in the provider block or in an environment variable cannot be used. Nothing was sent", "Correct the value."),
    row("Provider.InvalidIdentity", No, "The identity of an import does not name an object. Nothing was sent", "Correct the identity."),
    row("Provider.InvalidImportId", No, "The import ID does not name an object. Nothing was sent", "Use the form that the error shows."),
    row("Provider.InvalidRequest", No, "A request could not be formed. Nothing was sent", "Correct the value that the error names."),
    row("Provider.InvalidState", No, "A stored or moved state cannot be read, or does not name an object. Nothing was sent", "Remove the object from the state, and import it."),
    row("Provider.InvalidTemplate", No, "The service is known to refuse a template with this content. Nothing was sent", "Correct the attribute that the error names."),
    row("Provider.Network.Certificate", No, "The certificate of the host is not trusted, has expired, or is one of another host. Nothing was sent", "Check the clock and the endpoint. Let this machine trust the root certificate of a proxy that inspects TLS, in the operating system or by `SSL_CERT_FILE`."),
    row("Provider.Network.Closed", Yes, "The connection was closed before a complete response arrived. The request may have been executed", "Check the network and the proxy."),
    row("Provider.Network.Connect", Yes, "No connection was made. Nothing was sent", "Check network, firewall and proxy."),
    row("Provider.Network.Dns", Yes, "The host name could not be resolved. Nothing was sent", "Check name resolution, region and `endpoints`."),
    row("Provider.Network.NoRootCertificates", No, "This machine has no root certificates, so no certificate can be trusted. Nothing was sent", "Install them (`ca-certificates`), or set `SSL_CERT_FILE`."),
    row("Provider.Network.Refused", Yes, "The host refused the connection. Nothing was sent", "Check `endpoints` and the firewall."),
    row("Provider.Network.Timeout", Yes, "No connection was made in time. Nothing was sent", "Check firewall and proxy, or raise `client_connect_timeout`."),
    row("Provider.Network.Tls", No, "The TLS handshake failed. Nothing was sent", "Check the endpoint and the proxy."),
    row("Provider.NotAsWritten", Yes, "A warning: the service accepted a change, but shows other values than those that were sent, or has changed others, too", "Run terraform plan again in some minutes. If it shows a difference, the service does not take these values: correct the configuration."),
    row("Provider.NotChecked", No, "It could not be checked whether the WABA is already bound. With `existing_binding = \"REFUSE\"` an error, and no bind was sent; else a warning after the bind", "Grant `cams:ListInstance`, and look in the console for a second channel with the WABA."),
    row("Provider.NotConfigured", No, "The CLI called the provider before it configured it: a bug in the CLI. Nothing was sent", "Report it to the developers of the CLI."),
    row("Provider.NotFound", No, "The object to import does not exist, as far as the service says", "Check the import ID and the account."),
    row("Provider.NotShownYet", Yes, "A warning: the service accepted a change, and does not show it yet", "Run terraform plan again in some minutes."),
    row("Provider.NotTheService", No, "A page, a text or nothing came in place of a response of the service: a proxy, a firewall or a login of the network responded", "See who responded in the error. Let requests to the endpoint pass, or sign in to the network."),
    row("Provider.OutcomeUnknown", AfterLooking, "A request that must not be sent twice was sent, and no usable response arrived", "Find out what happened, as the error says."),
    row("Provider.Panic", No, "A bug: the provider panicked. The error says what it means for object and state", "Report it, as the error says."),
    row("Provider.PhoneNumberNotFound", No, "The WABA does not have the phone number, and there is not enough to add it", "Finish the signup at Meta, or set `country_code` and `verified_name`."),
    row("Provider.PhoneNumberNotVerified", No, "The phone number cannot be registered before a person has verified it", "Request a verification code and give it to the service, as the error shows."),
    row("Provider.Proxy.Login", No, "The proxy wants a login, or another one (HTTP 407). Nothing was executed", "Set user name and password in the environment variable that the error names."),
    row("Provider.Proxy.Refused", No, "The proxy did not connect to the host. Nothing was sent", "Let the proxy allow it, or add the host to `NO_PROXY`."),
    row("Provider.Proxy.Unreachable", Yes, "The proxy cannot be reached. Nothing was sent", "Correct the environment variable that the error names."),
    row("Provider.Redirected", No, "The response was a redirect, which the provider does not follow", "Check `endpoints`, and whether a login page responds in place of the service."),
    row("Provider.ServiceDown", Yes, "Many calls in a row failed, so this one was not sent", "Check the network, the proxy and the service."),
    row("Provider.ServiceUnavailable", Yes, "A server error (5xx) came without an error code: from the service, or from something on the way", "Run the command again in a few minutes."),
    row("Provider.SpaceWithoutWaba", No, "A space has no WABA, so it is not known whether an object of it is gone", "Check the binding of the space."),
    row("Provider.Stopped", Yes, "The run was interrupted", "Run the command again."),
    row("Provider.TemplateApproved", No, "Meta has approved a template since the deletion was planned. Nothing was deleted", "Plan again: the new plan shows what is lost."),
    row("Provider.TemplateExists", No, "The space has a template of this name, language and type. No create was sent, or the service refused it", "Import the template, as the error shows, or choose another name."),
    row("Provider.TemplateNameLocked", No, "A template would be replaced under its name, which is taken, or which Meta locks. Nothing was sent", "Give the new template another name."),
    row("Provider.Throttled", Yes, "The service kept limiting the rate of calls, without an error code", "Raise `timeouts`, or lower `-parallelism`."),
    row("Provider.Timeout.Credentials", Yes, "The time limit passed during the wait for credentials, such as for a program, a file or STS. Nothing was sent", "The first line names what was waited for: run a program by hand, end what holds a file, check the way to a host. Raise `timeouts` if that may take longer."),
    row("Provider.Timeout.FirstUse", Yes, "The time limit passed while the first request with the same credentials was under way. Nothing was sent", "If that request failed, its own error says why. Raise `timeouts` if it may take longer."),
    row("Provider.Timeout.RateLimit", Yes, "The time limit passed during the wait for the rate limit. Nothing was sent", "Raise `timeouts`, or lower `-parallelism`."),
    row("Provider.Timeout.Response", Yes, "No complete response arrived in time. The request may have been executed", "Raise `client_read_timeout` or `timeouts`."),
    row("Provider.UndocumentedRegion", No, "A warning: CAMS documents no endpoint in the region of the provider, so the host may not exist", "Set `region` to `ap-southeast-1`, or set `endpoints`."),
    row("Provider.UnexpectedResponse", No, "The response was not one of the service: it cannot be read or has no error code", "Check `endpoints`, and whether a proxy responds in place of the service."),
    row("Provider.UnexpectedValue", No, "The CLI sent a value that does not fit the schema: a bug in the provider or in the CLI. Nothing was sent", "Report it, as the error says."),
    row("Provider.UnknownType", No, "The provider has no resource type, data source, list, action or function of this name. Nothing was sent", "Check the name and the version of the provider."),
    row("Provider.UnreadableSpaces", No, "A warning: `terraform query` could not read some spaces, which may hold a WABA", "Set `isv_code`, if they belong to a sub-customer."),
    row("Provider.VerifiedNameCannotChange", No, "`verified_name` differs from the name of a number that exists. No operation changes it", "Change the name at Meta, or set the name that Meta shows."),
] };

#[test]
fn codes_are_sorted_and_explained() {
    assert!(CODES.is_sorted_by_key(|row| row.code));
    for row in CODES {
        let name = row.code.strip_prefix("Provider.").unwrap_or_default();
        let is_name = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_uppercase())
                && part.chars().all(|c| c.is_ascii_alphanumeric())
        };
        assert!(name.split('.').all(is_name), "{}", row.code);
        assert!(!row.meaning.ends_with('.'), "{}", row.code);
        assert!(row.advice.ends_with('.'), "{}", row.code);
    }
}
