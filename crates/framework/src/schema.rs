//! Schemas: which attributes and nested blocks an object has, and the rules for each.
//!
//! Must not contain: the checking of values against a schema (`validate.rs`) or planning with it (`plan.rs`).

use std::{collections::BTreeMap, fmt, sync::Arc};

use super::{
    path::AttributePath,
    types::Type,
    upgrade::{UpgradePath, UpgradeStep},
    value::{Object, Value},
};

/// The schema of a resource or of a provider block.
#[derive(Clone, Debug)]
pub struct Schema {
    /// The root of the object.
    pub block: Block,
    /// From what earlier versions stored to this one. Their number is the version.
    pub upgrades: UpgradePath,
}

/// Attributes and nested blocks.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// In the order in which they are documented.
    pub attributes: Vec<Attribute>,
    /// In the order in which they are documented.
    pub blocks: Vec<NestedBlock>,
    /// What must hold between attributes and blocks of this block.
    pub rules: Vec<Rule>,
    /// Markdown.
    pub description: String,
}

/// What must hold between several attributes or blocks of one block. "Set" is what is not null and, of blocks, not empty.
/// What is unknown breaks no rule: it is checked again once known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// At most one is set.
    ConflictsWith(Vec<&'static str>),
    /// One is set, and no other.
    ExactlyOneOf(Vec<&'static str>),
    /// One is set, or several.
    AtLeastOneOf(Vec<&'static str>),
    /// Where the first is set, all the others are.
    RequiredWith(&'static str, Vec<&'static str>),
}

/// One attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// As the practitioner writes it.
    pub name: &'static str,
    /// A plain type, or attributes nested in it.
    pub kind: AttributeKind,
    /// Who sets it.
    pub setting: Setting,
    /// Hidden in the CLI's output.
    pub sensitive: bool,
    /// Reaches the provider from configuration only; never stored.
    pub write_only: bool,
    /// What to use instead, in a sentence. Its use draws a warning with it.
    pub deprecated: Option<String>,
    /// Markdown.
    pub description: String,
    /// What a null in the configuration stands for. Needs [`Setting::OptionalComputed`].
    pub default: Option<Value>,
    /// Keep the stored value in plans that change something else.
    pub use_state_for_unknown: bool,
    /// A change cannot be made in place.
    pub requires_replace: bool,
    /// Whether a change between two known values cannot be made in place.
    pub requires_replace_if: Option<ReplaceCondition>,
    /// What is planned in place of an unknown value where the configuration is silent.
    pub planned_value: Option<PlanValue>,
    /// Which texts mean the same. The stored one stays in plan and state when the new one means the same.
    pub equality: Option<Equality>,
    /// Checks of a known value.
    pub validators: Vec<Validator>,
}

/// Whether a change needs a replacement. Must be pure.
pub type ReplaceCondition = fn(&PlanContext<'_>) -> bool;

/// The value to plan for a computed attribute, or `None` for one that is known only after apply. Must be pure, and may
/// not go by what is unknown yet: Terraform refuses a planned value that is another one in the plan before apply.
pub type PlanValue = fn(&PlanContext<'_>) -> Option<Value>;

/// What the plan of one attribute can go by.
#[derive(Clone, Copy, Debug)]
pub struct PlanContext<'a> {
    /// Where the attribute is; within a set, the place of the set.
    pub path: &'a AttributePath,
    /// As configured.
    pub config: &'a Value,
    /// As stored; null where the object does not exist yet.
    pub prior: &'a Value,
    /// As planned so far.
    pub planned: &'a Value,
    /// The whole configuration. May have unknown values.
    pub config_object: &'a Object,
    /// The whole object as stored; `None` for one to be created.
    pub prior_object: Option<&'a Object>,
}

/// Which different texts mean the same to the remote service, which may spell them in its own way.
#[derive(Clone, Copy, Debug)]
pub enum Equality {
    /// JSON documents: white space, the order of keys and the spelling of strings and numbers do not count.
    Json,
    /// Upper and lower case do not count.
    IgnoreCase,
    /// White space around a URL and slashes at its end do not count.
    TrimmedUrl,
    /// By a function, which must be an equivalence and pure.
    Custom(fn(&str, &str) -> bool),
}

/// What an attribute holds.
#[derive(Clone, Debug)]
pub enum AttributeKind {
    /// A value of a type.
    Plain(Type),
    /// Objects with attributes of their own.
    Nested(Collection, Vec<Attribute>),
}

/// How objects are collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collection {
    /// One object.
    Single,
    /// A list of objects.
    List,
    /// A set of objects.
    Set,
    /// A map of objects.
    Map,
}

/// Who sets an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// The practitioner must.
    Required,
    /// The practitioner may.
    Optional,
    /// Only the provider.
    Computed,
    /// The practitioner may; else the provider.
    OptionalComputed,
}

/// A block nested in another.
#[derive(Clone, Debug)]
pub struct NestedBlock {
    /// As the practitioner writes it: lower case, digits, underscores.
    pub name: &'static str,
    /// How many of it there may be, and how they are collected.
    pub nesting: Nesting,
    /// Its content.
    pub block: Block,
}

/// How the blocks of one name are collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// One block or none. Null when there is none.
    Single {
        /// Whether there must be one.
        required: bool,
    },
    /// One block; an object of nulls when there is none.
    Group,
    /// Any number within bounds, in order.
    List(Bounds),
    /// Any number within bounds, without order.
    Set(Bounds),
    /// Any number, each with a label as its key.
    Map,
}

/// How many blocks there may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// At least so many.
    pub min: u32,
    /// At most so many, if limited.
    pub max: Option<u32>,
}

/// A check of one known, non-null value, with the sentence for the practitioner when it fails.
#[derive(Clone)]
pub struct Validator(Arc<Check>);

type Check = dyn Fn(&Value) -> Result<(), String> + Send + Sync;

impl Validator {
    /// From a check. Its error says what is expected and shows the value only where it cannot be a secret; it reads
    /// on from "Attribute `x`", for example "must be one of ...".
    pub fn new(check: impl Fn(&Value) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(check))
    }

    /// From a check of text.
    pub fn text(check: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self::new(move |value| value.as_str().map_or(Ok(()), &check))
    }

    /// One of a few words.
    #[must_use]
    pub fn one_of(words: &'static [&'static str]) -> Self {
        Self::text(move |text| {
            if words.contains(&text) {
                return Ok(());
            }
            let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            Err(format!(
                "must be {}, but is \"{text}\"",
                quoted.join(" or ")
            ))
        })
    }

    /// Runs the check.
    ///
    /// # Errors
    /// The sentence of [`Validator::new`].
    pub fn check(&self, value: &Value) -> Result<(), String> {
        (self.0)(value)
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Validator")
    }
}

impl Schema {
    /// A schema of version 0.
    #[must_use]
    pub fn new(block: Block) -> Self {
        Self {
            block,
            upgrades: UpgradePath::default(),
        }
    }

    /// The next version, with the step to it from the one before. Needed when stored state has to be rewritten; an
    /// attribute that comes or goes needs none.
    #[must_use]
    pub fn upgraded_by(mut self, step: UpgradeStep) -> Self {
        self.upgrades.push(step);
        self
    }

    /// The version that state is stored with.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.upgrades.version()
    }

    /// The type of the whole object.
    #[must_use]
    pub fn ty(&self) -> Type {
        self.block.ty()
    }
}

impl Block {
    /// A block with a description in Markdown.
    #[must_use]
    pub fn new(description: impl Into<String>) -> Self {
        Self {
            description: description.into(),
            ..Self::default()
        }
    }

    /// Adds an attribute.
    #[must_use]
    pub fn attribute(mut self, attribute: Attribute) -> Self {
        self.attributes.push(attribute);
        self
    }

    /// Adds a nested block.
    #[must_use]
    pub fn nested(mut self, name: &'static str, nesting: Nesting, block: Self) -> Self {
        self.blocks.push(NestedBlock {
            name,
            nesting,
            block,
        });
        self
    }

    /// At most one of these attributes and blocks may be set.
    #[must_use]
    pub fn conflicts_with(self, names: &[&'static str]) -> Self {
        self.rule(Rule::ConflictsWith(names.to_vec()))
    }

    /// One of these attributes and blocks has to be set, and no other of them.
    #[must_use]
    pub fn exactly_one_of(self, names: &[&'static str]) -> Self {
        self.rule(Rule::ExactlyOneOf(names.to_vec()))
    }

    /// One of these attributes and blocks has to be set, or several.
    #[must_use]
    pub fn at_least_one_of(self, names: &[&'static str]) -> Self {
        self.rule(Rule::AtLeastOneOf(names.to_vec()))
    }

    /// Where `name` is set, all the others have to be.
    #[must_use]
    pub fn required_with(self, name: &'static str, others: &[&'static str]) -> Self {
        self.rule(Rule::RequiredWith(name, others.to_vec()))
    }

    fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// The type of an object of this block.
    #[must_use]
    pub fn ty(&self) -> Type {
        let attributes = self
            .attributes
            .iter()
            .map(|attribute| (attribute.name.to_owned(), attribute.ty()));
        let blocks = self
            .blocks
            .iter()
            .map(|nested| (nested.name.to_owned(), nested.ty()));
        Type::Object(attributes.chain(blocks).collect())
    }
}

impl NestedBlock {
    /// The type of all blocks of this name together.
    #[must_use]
    pub fn ty(&self) -> Type {
        let object = self.block.ty();
        match self.nesting {
            Nesting::Single { .. } | Nesting::Group => object,
            Nesting::List(_) => Type::List(Box::new(object)),
            Nesting::Set(_) => Type::Set(Box::new(object)),
            Nesting::Map => Type::Map(Box::new(object)),
        }
    }
}

impl Nesting {
    /// One block or none.
    pub const OPTIONAL: Self = Self::Single { required: false };

    /// How the blocks are collected.
    #[must_use]
    pub fn collection(self) -> Collection {
        match self {
            Self::Single { .. } | Self::Group => Collection::Single,
            Self::List(_) => Collection::List,
            Self::Set(_) => Collection::Set,
            Self::Map => Collection::Map,
        }
    }
}

impl Setting {
    /// Whether the practitioner may set it.
    #[must_use]
    pub fn is_configurable(self) -> bool {
        !matches!(self, Self::Computed)
    }

    /// Whether the provider may set it.
    #[must_use]
    pub fn is_computed(self) -> bool {
        matches!(self, Self::Computed | Self::OptionalComputed)
    }
}

impl Attribute {
    fn new(name: &'static str, kind: AttributeKind, setting: Setting) -> Self {
        Self {
            name,
            kind,
            setting,
            sensitive: false,
            write_only: false,
            deprecated: None,
            description: String::new(),
            default: None,
            use_state_for_unknown: false,
            requires_replace: false,
            requires_replace_if: None,
            planned_value: None,
            equality: None,
            validators: Vec::new(),
        }
    }

    /// One that the practitioner must set.
    #[must_use]
    pub fn required(name: &'static str, ty: Type) -> Self {
        Self::new(name, AttributeKind::Plain(ty), Setting::Required)
    }

    /// One that the practitioner may set.
    #[must_use]
    pub fn optional(name: &'static str, ty: Type) -> Self {
        Self::new(name, AttributeKind::Plain(ty), Setting::Optional)
    }

    /// One that only the provider sets.
    #[must_use]
    pub fn computed(name: &'static str, ty: Type) -> Self {
        Self::new(name, AttributeKind::Plain(ty), Setting::Computed)
    }

    /// One that the practitioner may set, else the provider.
    #[must_use]
    pub fn optional_computed(name: &'static str, ty: Type) -> Self {
        Self::new(name, AttributeKind::Plain(ty), Setting::OptionalComputed)
    }

    /// One with attributes nested in it.
    #[must_use]
    pub fn nested(
        name: &'static str,
        nesting: Collection,
        attributes: Vec<Self>,
        setting: Setting,
    ) -> Self {
        Self::new(name, AttributeKind::Nested(nesting, attributes), setting)
    }

    /// With a description in Markdown.
    #[must_use]
    pub fn describe(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Hidden in the CLI's output.
    #[must_use]
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// Never stored.
    #[must_use]
    pub fn write_only(mut self) -> Self {
        self.write_only = true;
        self
    }

    /// With a value for when the configuration has none. An optional attribute thereby becomes optional and computed,
    /// since the provider sets it then; that is what the protocol demands.
    #[must_use]
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self.setting = Setting::OptionalComputed;
        self
    }

    /// Keeps its stored value in plans that change something else.
    #[must_use]
    pub fn use_state_for_unknown(mut self) -> Self {
        self.use_state_for_unknown = true;
        self
    }

    /// Cannot be changed in place.
    #[must_use]
    pub fn requires_replace(mut self) -> Self {
        self.requires_replace = true;
        self
    }

    /// Cannot be changed in place where the condition says so. It is asked about a change between two known values of an
    /// object that exists; a change to an unknown value always counts, since the plan before apply may ask for no
    /// replacement that was not announced.
    #[must_use]
    pub fn requires_replace_if(mut self, condition: ReplaceCondition) -> Self {
        self.requires_replace_if = Some(condition);
        self
    }

    /// What is planned where the configuration is silent and something of the object changes. For attributes that the
    /// provider sets.
    #[must_use]
    pub fn planned_value(mut self, value: PlanValue) -> Self {
        self.planned_value = Some(value);
        self
    }

    /// Text whose stored spelling stays, in plan and state, if the new one means the same. Within the elements of
    /// a set, only where the rest of the element is equal.
    #[must_use]
    pub fn equality(mut self, equality: Equality) -> Self {
        self.equality = Some(equality);
        self
    }

    /// Its use draws a warning with this sentence, which says what to use instead.
    #[must_use]
    pub fn deprecated(mut self, message: impl Into<String>) -> Self {
        self.deprecated = Some(message.into());
        self
    }

    /// With a check of its known values.
    #[must_use]
    pub fn validate(mut self, validator: Validator) -> Self {
        self.validators.push(validator);
        self
    }

    /// The type of its value.
    #[must_use]
    pub fn ty(&self) -> Type {
        match &self.kind {
            AttributeKind::Plain(ty) => ty.clone(),
            AttributeKind::Nested(nesting, attributes) => {
                let object: BTreeMap<_, _> = attributes
                    .iter()
                    .map(|a| (a.name.to_owned(), a.ty()))
                    .collect();
                let object = Type::Object(object);
                match nesting {
                    Collection::Single => object,
                    Collection::List => Type::List(Box::new(object)),
                    Collection::Set => Type::Set(Box::new(object)),
                    Collection::Map => Type::Map(Box::new(object)),
                }
            }
        }
    }
}
