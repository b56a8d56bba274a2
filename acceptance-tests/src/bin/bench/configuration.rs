//! A configuration in Terraform's JSON syntax whose resources are a mix of new objects, for any provider.
//!
//! `count` of a resource is its share of the mix. `${count.index}` is the only expression. Must not contain: running anything.

use serde_json::{Map, Value};

use acceptance_tests::plugin_host::HostError;

/// The only expression that a configuration may hold.
const INDEX: &str = "${count.index}";

/// The mix of this provider's types.
const OWN: &str = include_str!("objects.tf.json");

/// A configuration to be planned.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Configuration {
    text: Map<String, Value>,
    resources: Vec<Resource>,
}

/// A resource block.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Resource {
    /// The type, for example `alicloud_cams_phone_number`.
    pub(crate) kind: String,
    name: String,
    /// The arguments, without `count`.
    arguments: Value,
    share: usize,
}

impl Configuration {
    /// The mix of this provider's types.
    pub(crate) fn own() -> Result<Configuration, HostError> {
        Ok(Configuration::parse(OWN)?)
    }

    /// An error is a sentence.
    pub(crate) fn parse(text: &str) -> Result<Configuration, String> {
        let text: Map<String, Value> = serde_json::from_str(text)
            .map_err(|error| format!("the configuration is not a JSON object: {error}"))?;
        let mut resources = Vec::new();
        let kinds = text.get("resource").and_then(Value::as_object);
        for (kind, named) in kinds.into_iter().flatten() {
            for (name, arguments) in named.as_object().into_iter().flatten() {
                let mut arguments = arguments.clone();
                let count = arguments
                    .as_object_mut()
                    .and_then(|all| all.remove("count"));
                let share = count.map_or(Some(1), |count| count.as_u64());
                let share = share.and_then(|share| usize::try_from(share).ok());
                resources.push(Resource {
                    kind: kind.clone(),
                    name: name.clone(),
                    arguments,
                    share: share
                        .ok_or_else(|| format!("`count` of {kind}.{name} is not a whole number"))?,
                });
            }
        }
        if resources.iter().all(|resource| resource.share == 0) {
            return Err("the configuration has no resource".to_owned());
        }
        Ok(Configuration { text, resources })
    }

    /// The source address of the first provider in `required_providers`.
    pub(crate) fn source(&self) -> Option<&str> {
        let required = self.text.get("terraform")?.get("required_providers")?;
        required
            .as_object()?
            .values()
            .next()?
            .get("source")?
            .as_str()
    }

    /// The arguments of the first provider block; none without one.
    pub(crate) fn provider(&self) -> Value {
        let blocks = self.text.get("provider").and_then(Value::as_object);
        let block = blocks.and_then(|blocks| blocks.values().next());
        block.cloned().unwrap_or_else(|| Value::Object(Map::new()))
    }

    /// The same with these arguments in the block of a provider.
    pub(crate) fn with_provider(mut self, name: &str, arguments: Value) -> Configuration {
        let blocks = Map::from_iter([(name.to_owned(), arguments)]);
        self.text.insert("provider".to_owned(), blocks.into());
        self
    }

    pub(crate) fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// So many objects in all, in Terraform's JSON syntax.
    pub(crate) fn of(&self, total: usize) -> String {
        let mut text = self.text.clone();
        let mut kinds: Map<String, Value> = Map::new();
        for (resource, count) in self.resources.iter().zip(self.counts(total)) {
            let mut arguments = resource.arguments.clone();
            arguments["count"] = count.into();
            let named = kinds
                .entry(resource.kind.clone())
                .or_insert_with(|| Value::Object(Map::new()));
            named[&resource.name] = arguments;
        }
        text.insert("resource".to_owned(), kinds.into());
        Value::Object(text).to_string()
    }

    /// The same objects, mixed: type and arguments of each.
    pub(crate) fn objects(&self, total: usize) -> Vec<(&str, Value)> {
        let counts = self.counts(total);
        let most = counts.iter().copied().max().unwrap_or_default();
        let mut objects = Vec::with_capacity(total);
        for index in 0..most {
            for (resource, _) in self
                .resources
                .iter()
                .zip(&counts)
                .filter(|(_, count)| index < **count)
            {
                objects.push((&*resource.kind, resource.arguments(index)));
            }
        }
        objects
    }

    /// How many objects each resource has of so many in all: by shares, what is left over to the first ones.
    fn counts(&self, total: usize) -> Vec<usize> {
        let whole: usize = self.resources.iter().map(|resource| resource.share).sum();
        let of_share = |resource: &Resource| total * resource.share / whole;
        let mut counts: Vec<usize> = self.resources.iter().map(of_share).collect();
        let left = total - counts.iter().sum::<usize>();
        let shared = self.resources.iter().zip(&mut counts);
        for (_, count) in shared.filter(|(resource, _)| resource.share > 0).take(left) {
            *count += 1;
        }
        counts
    }
}

impl Resource {
    /// The arguments of one of its objects.
    pub(crate) fn arguments(&self, index: usize) -> Value {
        numbered(&self.arguments, index)
    }
}

fn numbered(value: &Value, index: usize) -> Value {
    match value {
        Value::String(text) => text.replace(INDEX, &index.to_string()).into(),
        Value::Array(all) => all.iter().map(|one| numbered(one, index)).collect(),
        Value::Object(all) => {
            let all = all.iter();
            Value::Object(
                all.map(|(key, one)| (key.clone(), numbered(one, index)))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn example() -> Configuration {
        let text = json!({
            "terraform": {"required_providers": {"e": {"source": "example/e"}}},
            "resource": {
                "e_one": {"a": {"count": 2, "name": "n${count.index}", "list": [{"x": "${count.index}"}]}},
                "e_two": {"b": {"size": 1}, "c": {"count": 0}},
            },
        });
        Configuration::parse(&text.to_string()).expect("is a configuration")
    }

    #[test]
    fn objects_are_shared_out() {
        let check = |total: usize, expected: &[usize]| {
            let counts = example().counts(total);
            assert_eq!(counts, expected, "{total}");
            assert_eq!(example().objects(total).len(), total);
        };
        check(0, &[0, 0, 0]);
        check(1, &[1, 0, 0]);
        check(3, &[2, 1, 0]);
        check(100, &[67, 33, 0]);
    }

    #[test]
    fn objects_are_numbered() {
        let one = |index: &str| json!({"name": format!("n{index}"), "list": [{"x": index}]});
        let expected = [
            ("e_one", one("0")),
            ("e_two", json!({"size": 1})),
            ("e_one", one("1")),
        ];
        assert_eq!(example().objects(3), expected);
        let text: Value = serde_json::from_str(&example().of(3)).expect("is JSON");
        assert_eq!(text["resource"]["e_one"]["a"]["count"], 2);
        assert_eq!(text["resource"]["e_one"]["a"]["name"], "n${count.index}");
        assert_eq!(text["resource"]["e_two"]["c"]["count"], 0);
        assert_eq!(text["terraform"], example().text["terraform"]);
    }

    #[test]
    fn provider_is_found() {
        assert_eq!(example().source(), Some("example/e"));
        assert_eq!(example().provider(), json!({}));
        let configured = example().with_provider("e", json!({"key": "k"}));
        assert_eq!(configured.provider(), json!({"key": "k"}));
    }

    #[test]
    fn unusable_configurations_are_refused() {
        let check = |text: &str, part: &str| {
            let error = Configuration::parse(text).expect_err("is unusable");
            assert!(error.contains(part), "{error}");
        };
        check("resource \"a\" \"b\" {}", "not a JSON object");
        check("{}", "no resource");
        check(
            r#"{"resource": {"a": {"b": {"count": "2"}}}}"#,
            "`count` of a.b is not a whole number",
        );
    }

    #[test]
    fn own_mix_has_each_resource_type() {
        let own = Configuration::own().expect("is a configuration");
        let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/resources");
        let mut missing = Vec::new();
        for page in std::fs::read_dir(pages).expect("is a folder") {
            let page = page.expect("is a page").path();
            let name = page.file_stem().and_then(|name| name.to_str());
            let kind = format!("alicloud_{}", name.expect("is a name"));
            if !own.resources().iter().any(|resource| resource.kind == kind) {
                missing.push(kind);
            }
        }
        assert_eq!(missing, Vec::<String>::new());
    }
}
