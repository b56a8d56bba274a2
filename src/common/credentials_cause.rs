//! Why there are no credentials, in words: one cause and one next step for each kind of failure.

use alicloud::{CredentialsErrorKind, FileFault, ProgramFault, ServiceFault};

/// What a failure of a credentials source is called, and what to do about it.
pub(super) struct CredentialsCause {
    /// A few words for the end of a summary.
    pub(super) summary: &'static str,
    /// One of the provider's codes.
    pub(super) code: &'static str,
    /// What to do, in whole sentences.
    pub(super) advice: &'static str,
}

/// By kind.
#[rustfmt::skip]
pub(super) fn credentials_cause(kind: CredentialsErrorKind) -> CredentialsCause {
    let (summary, code, advice) = match kind {
        CredentialsErrorKind::NotFound | CredentialsErrorKind::Absent => (
            "no credentials found", "Provider.Credentials.NotFound",
            "Configure credentials. The provider looks for them in the provider block, then in the environment, then in the \
             profiles of the Alibaba Cloud CLI, then at the ECS instance. Reason below says what it found there.",
        ),
        CredentialsErrorKind::File(fault) => (
            match fault {
                FileFault::Unreadable => "credentials unreadable",
                FileFault::NotRegular => "credentials not a file",
                FileFault::BrokenLink => "credentials link broken",
                FileFault::TooLarge => "credentials file too big",
                FileFault::NotText => "credentials not UTF-8",
                FileFault::Syntax => "credentials file invalid",
                FileFault::Empty => "OIDC token file is empty",
            },
            "Provider.Credentials.File",
            "Correct the file that Reason below names, or choose other credentials. What is there but cannot be used is never \
             passed over, because other credentials may belong to another account.",
        ),
        CredentialsErrorKind::ProfileMissing => (
            "profile not found", "Provider.Credentials.ProfileMissing",
            "Correct the name of the profile, or add the profile to the file. Reason below names file and profiles.",
        ),
        CredentialsErrorKind::Profile => (
            "unusable profile", "Provider.Credentials.Profile",
            "Correct the profile that Reason below names, for example with the Alibaba Cloud CLI: aliyun configure.",
        ),
        CredentialsErrorKind::Value => (
            "invalid credentials", "Provider.Credentials.Value",
            "Correct the value that Reason below names. Look for blanks, line breaks and missing characters.",
        ),
        CredentialsErrorKind::LoginExpired => (
            "login expired", "Provider.Credentials.LoginExpired",
            "Log in again with the Alibaba Cloud CLI, as Reason below says, and run the command again.",
        ),
        CredentialsErrorKind::LoginNotRenewable => (
            "login cannot be saved", "Provider.Credentials.LoginNotRenewable",
            "Make the file that Reason below names writable, with its directory. The login is renewed only if the new one can \
             be saved, so that it is not lost.",
        ),
        CredentialsErrorKind::Program(fault) => {
            let (summary, advice) = program_fault(fault);
            (summary, "Provider.Credentials.Program", advice)
        }
        CredentialsErrorKind::Service(fault) => {
            let (summary, advice) = service_fault(fault);
            (summary, "Provider.Credentials.Service", advice)
        }
        CredentialsErrorKind::Page => (
            "page, not credentials", "Provider.NotTheService",
            "Something on the way responded in place of the host that Reason below names: a proxy, a firewall, or a login of the \
             network. Ask whoever runs the proxy to let requests to the host pass. If it is a login, sign in with a browser on \
             this machine, and run the command again. If nothing is on the way, correct the URL in the configuration.",
        ),
        CredentialsErrorKind::Expired => (
            "credentials expired", "Provider.Credentials.Expired",
            "Renew the credentials where Reason below says that they come from: it probably keeps old ones in a cache. If the time \
             in Reason is still to come, correct the clock of this machine.",
        ),
        CredentialsErrorKind::AssumeRole => (
            "role not assumed", "Provider.Credentials.AssumeRole",
            "Check the credentials and the role that Reason below names.",
        ),
        CredentialsErrorKind::WrongAccount => (
            "wrong account", "Provider.Credentials.WrongAccount",
            "Use credentials of the right account, or correct the account IDs in the provider block.",
        ),
        CredentialsErrorKind::Other => (
            "no valid credentials", "Provider.Credentials.Invalid",
            "Reason below says what was tried. Check the configured credentials.",
        ),
    };
    CredentialsCause { summary, code, advice }
}

/// Of a program that prints credentials: the summary and the advice.
#[rustfmt::skip]
fn program_fault(fault: ProgramFault) -> (&'static str, &'static str) {
    match fault {
        ProgramFault::Forbidden => (
            "program forbidden",
            "Unset the variable that Reason below names, or choose another kind of credentials. Nothing was run.",
        ),
        ProgramFault::NotStarted => (
            "program not started",
            "Check in the profile that Reason below names whether the program of process_command exists and may be executed. To \
             use variables or pipes, let the command start a shell: sh -c '...'.",
        ),
        ProgramFault::Failed => (
            "program failed",
            "Run the program that Reason below names by hand. Its output is not shown here, because it may hold secrets.",
        ),
        ProgramFault::TimedOut => (
            "program too slow",
            "Run the program that Reason below names by hand, to see what it waits for. It gets no input here, so it cannot ask \
             for a password.",
        ),
        ProgramFault::TooMuchOutput => (
            "program output too long",
            "Run the program that Reason below names by hand, and let it print one JSON object with the credentials, and nothing \
             else.",
        ),
        ProgramFault::Output => (
            "program output unusable",
            "Run the program that Reason below names by hand, and compare what it prints with Reason. Its output is not shown \
             here, because it may hold secrets.",
        ),
    }
}

/// Of a host that hands out credentials: the summary and the advice.
#[rustfmt::skip]
fn service_fault(fault: ServiceFault) -> (&'static str, &'static str) {
    match fault {
        ServiceFault::Unsendable => (
            "request not possible",
            "Correct what Reason below names.",
        ),
        ServiceFault::Unreachable => (
            "host not reached",
            "Check the name of the host in Reason below, whether it runs, and the network and the firewall on the way to it. If the \
             network needs a proxy, set HTTPS_PROXY.",
        ),
        ServiceFault::Proxy => (
            "proxy failed",
            "Check the proxy that Reason below names, and the variable that names it. If the host can be reached without the \
             proxy, add the host to NO_PROXY.",
        ),
        ServiceFault::Silent => (
            "host did not respond",
            "Check whether the host that Reason below names works, and the network and the firewall on the way to it.",
        ),
        ServiceFault::Failed => (
            "credentials not issued",
            "Reason below has the response of the host that hands out the credentials. Correct what it complains about. If the \
             host is out of order, run the command again later.",
        ),
        ServiceFault::Response => (
            "unusable response",
            "Correct the host that Reason below names: it responded, but not with credentials as the SDKs of Alibaba Cloud \
             expect them.",
        ),
        ServiceFault::NoInstanceRole => (
            "no instance role",
            "Attach the RAM role to the ECS instance that runs the command, or configure other credentials.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::credentials_cause;
    use crate::common::codes::CODES;
    use alicloud::{CredentialsErrorKind, ProgramFault};

    #[test]
    fn each_failure_of_a_program_has_its_own_advice() {
        let mut seen = BTreeSet::new();
        for fault in [
            ProgramFault::Forbidden,
            ProgramFault::NotStarted,
            ProgramFault::Failed,
            ProgramFault::TimedOut,
            ProgramFault::TooMuchOutput,
            ProgramFault::Output,
        ] {
            let cause = credentials_cause(CredentialsErrorKind::Program(fault));
            assert!(seen.insert(cause.summary), "{}", cause.summary);
            assert!(seen.insert(cause.advice), "{}", cause.advice);
            // What did not run, or is not there, cannot be run by hand.
            let by_hand = cause.advice.contains("by hand");
            let runs = !matches!(fault, ProgramFault::Forbidden | ProgramFault::NotStarted);
            assert_eq!(by_hand, runs, "{}", cause.advice);
        }
    }

    #[test]
    fn expired_credentials_have_a_documented_code_and_name_both_causes() {
        let cause = credentials_cause(CredentialsErrorKind::Expired);
        assert!(
            CODES.iter().any(|row| row.code == cause.code),
            "{}",
            cause.code
        );
        for part in ["cache", "clock"] {
            assert!(cause.advice.contains(part), "{}", cause.advice);
        }
    }
}
