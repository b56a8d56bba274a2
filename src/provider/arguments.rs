//! The arguments of the provider block: their names, and the environment variables that stand in for them.
//!
//! Names follow the official `aliyun/alicloud` provider. Where several variables mean the same, the current spelling
//! `ALIBABA_CLOUD_*` comes before the older ones.

use alicloud::{CAMS, Product, STS};
use framework::{AttributePath, Type};

/// An argument of the provider block, and the environment variables that stand in for it. The first one that is set counts.
pub(super) struct Argument {
    pub(super) name: &'static str,
    pub(super) variables: &'static [&'static str],
}

pub(super) const ACCESS_KEY: Argument = Argument {
    name: "access_key",
    variables: &[
        "ALIBABA_CLOUD_ACCESS_KEY_ID",
        "ALIBABACLOUD_ACCESS_KEY_ID",
        "ALICLOUD_ACCESS_KEY",
    ],
};
pub(super) const SECRET_KEY: Argument = Argument {
    name: "secret_key",
    variables: &[
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
        "ALIBABACLOUD_ACCESS_KEY_SECRET",
        "ALICLOUD_SECRET_KEY",
    ],
};
pub(super) const SECURITY_TOKEN: Argument = Argument {
    name: "security_token",
    variables: &[
        "ALIBABA_CLOUD_SECURITY_TOKEN",
        "ALIBABACLOUD_SECURITY_TOKEN",
        "ALICLOUD_SECURITY_TOKEN",
    ],
};
pub(super) const REGION: Argument = Argument {
    name: "region",
    variables: &["ALIBABA_CLOUD_REGION", "ALICLOUD_REGION"],
};
pub(super) const PROTOCOL: Argument = Argument {
    name: "protocol",
    variables: &[],
};
pub(super) const CONFIGURATION_SOURCE: Argument = Argument {
    name: "configuration_source",
    variables: &["TF_APPEND_USER_AGENT"],
};
pub(super) const CLIENT_CONNECT_TIMEOUT: Argument = Argument {
    name: "client_connect_timeout",
    variables: &["CLIENT_CONNECT_TIMEOUT"],
};
pub(super) const CLIENT_READ_TIMEOUT: Argument = Argument {
    name: "client_read_timeout",
    variables: &["CLIENT_READ_TIMEOUT"],
};
pub(super) const MAX_RETRY_TIMEOUT: Argument = Argument {
    name: "max_retry_timeout",
    variables: &["MAX_RETRY_TIMEOUT"],
};

pub(super) const REQUESTS_PER_SECOND: Argument = Argument {
    name: "requests_per_second",
    variables: &["ALIBABA_CLOUD_REQUESTS_PER_SECOND"],
};
pub(super) const PROFILE: Argument = Argument {
    name: "profile",
    variables: &[
        "ALIBABA_CLOUD_PROFILE",
        "ALIBABACLOUD_PROFILE",
        "ALICLOUD_PROFILE",
    ],
};
pub(super) const SHARED_CREDENTIALS_FILE: Argument = Argument {
    name: "shared_credentials_file",
    variables: &[
        "ALIBABA_CLOUD_CREDENTIALS_FILE",
        "ALIBABA_CLOUD_CONFIG_FILE",
        "ALICLOUD_SHARED_CREDENTIALS_FILE",
    ],
};
pub(super) const CREDENTIALS_URI: Argument = Argument {
    name: "credentials_uri",
    variables: &["ALIBABA_CLOUD_CREDENTIALS_URI", "ALICLOUD_CREDENTIALS_URI"],
};
pub(super) const ECS_ROLE_NAME: Argument = Argument {
    name: "ecs_role_name",
    variables: &["ALIBABA_CLOUD_ECS_METADATA", "ALICLOUD_ECS_ROLE_NAME"],
};

pub(super) const ACCOUNT_ID: Argument = Argument {
    name: "account_id",
    variables: &["ALIBABA_CLOUD_ACCOUNT_ID", "ALICLOUD_ACCOUNT_ID"],
};

/// The official provider chooses endpoints and product codes by it. CAMS has one endpoint for all account types.
pub(super) const ACCOUNT_TYPE: Argument = Argument {
    name: "account_type",
    variables: &["ALIBABA_CLOUD_ACCOUNT_TYPE"],
};

/// Arguments of the official provider that have no meaning here, and why. They are accepted so that its blocks work unchanged.
/// Its 160 endpoint names are not: a user who sets one uses another product.
pub(super) const WITHOUT_EFFECT: [(&str, Type, &str); 8] = [
    (
        "skip_region_validation",
        Type::Bool,
        "there is no list of regions to check against",
    ),
    ("source_ip", Type::String, "no request carries it"),
    ("secure_transport", Type::String, "no request carries it"),
    ("security_transport", Type::String, "no request carries it"),
    (
        "ots_instance_name",
        Type::String,
        "it belongs to Tablestore",
    ),
    ("log_endpoint", Type::String, "it belongs to Log Service"),
    (
        "mns_endpoint",
        Type::String,
        "it belongs to Message Service",
    ),
    ("fc", Type::String, "it belongs to Function Compute"),
];

/// A block of switches for resources that only the official provider has.
pub(super) const FEATURES: &str = "features";

/// The block of signature versions, and the versions in it that belong to other products.
pub(super) const SIGN_VERSION: &str = "sign_version";
pub(super) const SIGN_VERSIONS_WITHOUT_EFFECT: [(&str, &str); 2] = [
    ("oss", "it belongs to OSS"),
    ("sls", "it belongs to Log Service"),
];

/// A product whose endpoint and signature can be set.
pub(super) struct ProductArguments {
    pub(super) name: &'static str,
    pub(super) product: &'static Product,
    pub(super) variables: &'static [&'static str],
}

pub(super) const PRODUCTS: [ProductArguments; 2] = [
    ProductArguments {
        name: "cams",
        product: &CAMS,
        variables: &["ALIBABA_CLOUD_ENDPOINT_CAMS", "CAMS_ENDPOINT"],
    },
    ProductArguments {
        name: "sts",
        product: &STS,
        variables: &[
            "ALIBABA_CLOUD_ENDPOINT_STS",
            "ALIBABA_CLOUD_STS_ENDPOINT",
            "STS_ENDPOINT",
        ],
    },
];

impl Argument {
    /// A description that ends with the environment variables.
    pub(super) fn description(&self, description: &str) -> String {
        if self.variables.is_empty() {
            description.to_owned()
        } else {
            format!(
                "{description} Environment: {}.",
                variable_list(self.variables)
            )
        }
    }

    pub(super) fn path(&self) -> AttributePath {
        AttributePath::attribute(self.name)
    }
}

/// Names as Markdown code, with commas between them.
pub(super) fn variable_list(variables: &[&str]) -> String {
    let quoted: Vec<String> = variables.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
