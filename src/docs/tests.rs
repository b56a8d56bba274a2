//! What the generator makes of fixtures.

use std::{collections::BTreeMap, fs};

use expect_test::{Expect, expect};
use framework::{
    Attribute, Block, Nesting, Schema, Type,
    function::{FunctionDefinition, Parameter},
    identity::{IdentityAttribute, IdentitySchema, IdentityType},
    schema::{Bounds, Collection, Setting},
};

use super::{
    function_markdown,
    page::{self, ImportExamples, Page},
    schema_markdown,
};

fn rule() -> Vec<Attribute> {
    let flags = Attribute::nested(
        "flags",
        Collection::Map,
        vec![Attribute::computed("on", Type::Bool).describe("Whether it is on.")],
        Setting::Computed,
    );
    vec![
        Attribute::required("port", Type::Number).describe("The port."),
        flags.describe("By name."),
    ]
}

fn schema() -> Schema {
    let coordinates = Type::Object(BTreeMap::from([
        ("x".to_owned(), Type::Number),
        ("y".to_owned(), Type::Number),
    ]));
    let bounds = Bounds {
        min: 1,
        max: Some(3),
    };
    let owner = Block::new("Who owns it.")
        .attribute(Attribute::required("name", Type::String).describe("The name."));
    let tags = Type::Map(Box::new(Type::String));
    Schema::new(
        Block::new("Makes a `thing`.")
            .attribute(Attribute::computed("id", Type::String).describe("ID of the thing."))
            .attribute(Attribute::required("size", Type::Number).describe("Metres."))
            .attribute(
                Attribute::optional("color", Type::String)
                    .describe("The color.")
                    .default("red"),
            )
            .attribute(
                Attribute::optional("parts", Type::Set(Box::new(Type::String)))
                    .describe("Parts.")
                    .default(framework::Value::List(vec!["a".into(), "b".into()])),
            )
            .attribute(Attribute::optional("tags", tags).describe("Tags."))
            .attribute(
                Attribute::optional("label", Type::String)
                    .describe("The label.")
                    .deprecated("Use `tags`."),
            )
            .attribute(
                Attribute::optional("password", Type::String)
                    .describe("A password.")
                    .sensitive()
                    .write_only(),
            )
            .attribute(Attribute::computed(
                "places",
                Type::List(Box::new(coordinates)),
            ))
            .attribute(
                Attribute::nested("rules", Collection::List, rule(), Setting::Optional)
                    .describe("Rules."),
            )
            .nested("owner", Nesting::Single { required: true }, owner.clone())
            .nested("guest", Nesting::Set(bounds), owner.clone())
            .nested("timeouts", Nesting::OPTIONAL, Block::new("Limits.")),
    )
}

fn page(import: String) -> Page {
    Page {
        path: "resources/thing".to_owned(),
        page_title: "acme_thing Resource - acme".to_owned(),
        heading: "acme_thing (Resource)".to_owned(),
        subcategory: "Things",
        description: "Makes a `thing`.".to_owned(),
        default_template: page::RESOURCE_TEMPLATE,
        sections: vec![
            ("example", "## Example Usage\n".to_owned()),
            ("schema", "## Schema\n".to_owned()),
            ("import", import),
        ],
    }
}

#[test]
fn schema_has_groups_facts_and_nested_sections() {
    expect![[r###"
        ## Schema

        ### Required

        - `size` (Number) Metres.
        - `owner` (Block, Required) Who owns it. (see [below for nested schema](#nestedblock--owner))
        - `guest` (Block Set, Min: 1, Max: 3) Who owns it. (see [below for nested schema](#nestedblock--guest))

        ### Optional

        - `color` (String) The color. Default: `red`.
        - `parts` (Set of String) Parts. Default: `[a, b]`.
        - `tags` (Map of String) Tags.
        - `label` (String, Deprecated) The label. **Deprecated:** Use `tags`.
        - `password` (String, Sensitive, [Write-only](https://developer.hashicorp.com/terraform/language/resources/ephemeral#write-only-arguments)) A password.
        - `rules` (Attributes List) Rules. (see [below for nested schema](#nestedatt--rules))
        - `timeouts` (Block, Optional) Limits. (see [below for nested schema](#nestedblock--timeouts))

        ### Read-Only

        - `id` (String) ID of the thing.
        - `places` (List of Object) (see [below for nested schema](#nestedatt--places))

        <a id="nestedatt--places"></a>
        ### Nested Schema for `places`

        Read-Only:

        - `x` (Number)
        - `y` (Number)

        <a id="nestedatt--rules"></a>
        ### Nested Schema for `rules`

        Required:

        - `port` (Number) The port.

        Read-Only:

        - `flags` (Attributes Map) By name. (see [below for nested schema](#nestedatt--rules--flags))

        <a id="nestedatt--rules--flags"></a>
        ### Nested Schema for `rules.flags`

        Read-Only:

        - `on` (Boolean) Whether it is on.

        <a id="nestedblock--owner"></a>
        ### Nested Schema for `owner`

        Required:

        - `name` (String) The name.

        <a id="nestedblock--guest"></a>
        ### Nested Schema for `guest`

        Required:

        - `name` (String) The name.

        <a id="nestedblock--timeouts"></a>
        ### Nested Schema for `timeouts`
    "###]].assert_eq(&schema_markdown::of_schema(&schema()));
}

#[test]
fn import_shows_every_way_and_the_identity() {
    let identity = IdentitySchema::new(vec![
        IdentityAttribute::required("id", IdentityType::String, "ID of the thing."),
        IdentityAttribute::optional("count", IdentityType::Number, "How many."),
    ]);
    let examples = ImportExamples {
        by_identity: Some("```terraform\nidentity\n```\n".to_owned()),
        by_id: Some("```terraform\nid\n```\n".to_owned()),
        command: Some("```shell\ncommand\n```\n".to_owned()),
    };
    expect![[r#"
        ## Import

        In Terraform v1.12.0 and later, the [`import` block](https://developer.hashicorp.com/terraform/language/import) can be used with the `identity` attribute:

        ```terraform
        identity
        ```

        ### Identity Schema

        #### Required

        - `id` (String) ID of the thing.

        #### Optional

        - `count` (Number) How many.

        In Terraform v1.5.0 and later, the [`import` block](https://developer.hashicorp.com/terraform/language/import) can be used with the `id` attribute:

        ```terraform
        id
        ```

        The [`terraform import` command](https://developer.hashicorp.com/terraform/cli/commands/import) can be used:

        ```shell
        command
        ```
    "#]].assert_eq(&page::import_section(&examples, Some(&identity)));
    let none = page::import_section(&ImportExamples::default(), Some(&identity));
    assert_eq!(none, "");
}

#[test]
fn templates_place_sections_and_files() {
    let examples = tempfile::tempdir().expect("a directory");
    fs::write(examples.path().join("main.tf"), "a = 1\n\n").expect("writable");
    let check = |import: &str, template: Option<&str>, expected: Expect| {
        let found = page(import.to_owned()).render(examples.path(), template);
        expected.assert_eq(&found.unwrap_or_else(|error| error));
    };
    check(
        "## Import\n",
        None,
        expect![[r#"
        ---
        # Generated from the schema, examples/ and templates/. Edit those, not this file.
        page_title: "acme_thing Resource - acme"
        subcategory: "Things"
        description: |-
          Makes a thing.
        ---

        # acme_thing (Resource)

        Makes a `thing`.

        ## Example Usage

        ## Schema

        ## Import
    "#]],
    );
    check(
        "",
        None,
        expect![[r#"
        ---
        # Generated from the schema, examples/ and templates/. Edit those, not this file.
        page_title: "acme_thing Resource - acme"
        subcategory: "Things"
        description: |-
          Makes a thing.
        ---

        # acme_thing (Resource)

        Makes a `thing`.

        ## Example Usage

        ## Schema
    "#]],
    );
    check(
        "",
        Some("Before.\n\n{{ description }}\n{{ file main.tf }}\n{{ example }}\n{{ schema }}"),
        expect![[r#"
            ---
            # Generated from the schema, examples/ and templates/. Edit those, not this file.
            page_title: "acme_thing Resource - acme"
            subcategory: "Things"
            description: |-
              Makes a thing.
            ---

            # acme_thing (Resource)

            Before.

            Makes a `thing`.
            ```terraform
            a = 1
            ```
            ## Example Usage
            ## Schema
        "#]],
    );
    check(
        "## Import\n",
        Some("{{ description }}\n{{ example }}\n{{ schema }}"),
        expect!["the template has no line {{ import }}"],
    );
    check(
        "",
        Some("{{ schemas }}"),
        expect![[r#"there is no section "schemas""#]],
    );
    check(
        "",
        Some("{{ schema }}\n{{ schema }}"),
        expect![[r#"the section "schema" is there twice"#]],
    );
    check(
        "",
        Some("{{ file other.tf }}"),
        expect!["examples/other.tf: entity not found"],
    );
}

#[test]
fn functions_have_a_signature_and_arguments() {
    let check = |parameters: Vec<Parameter>, variadic: Option<Parameter>, expected: Expect| {
        let definition = FunctionDefinition {
            parameters,
            variadic,
            return_type: Type::List(Box::new(Type::String)),
            summary: String::new(),
            description: String::new(),
            deprecation: Some("Use `cut`.".to_owned()),
        };
        let signature = function_markdown::signature("split", &definition);
        let arguments = function_markdown::arguments(&definition);
        expected.assert_eq(&format!("{signature}\n{arguments}"));
    };
    check(
        vec![
            Parameter::new("text", Type::String, "What to split."),
            Parameter::new("limit", Type::Number, "At most so many.").nullable(),
        ],
        Some(Parameter::new("by", Type::String, "Where.")),
        expect![[r#"
            ## Signature

            ```text
            split(text string, limit number, by string...) list of string
            ```

            **Deprecated:** Use `cut`.

            ## Arguments

            1. `text` (String) What to split.
            1. `limit` (Number, Nullable) At most so many.
            1. `by` (Variadic, String) Where.
        "#]],
    );
    check(
        Vec::new(),
        None,
        expect![[r#"
            ## Signature

            ```text
            split() list of string
            ```

            **Deprecated:** Use `cut`.

            ## Arguments

            None.
        "#]],
    );
}
