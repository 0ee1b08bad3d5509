//! The list of what a typed server has, as `#[mcp_server]` writes it down.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    call::Kind,
    icon::{Icon, IntoIcons},
    input::Input,
    output::Output,
    schema::{self, MakeSchema, Property},
    template::Template,
};

/// What a call needs to know about the entry it is for.
#[derive(Debug, Clone, Default)]
pub(super) struct Scene {
    /// The structured result goes into `{"result": ..}`.
    pub(super) wrap: bool,
    /// The URI that is read.
    pub(super) uri: String,
    /// The declared MIME type of the resource.
    pub(super) mime: Option<String>,
    /// The description of the prompt.
    pub(super) description: Option<String>,
    /// How long the tool may run.
    pub(super) timeout: Option<Duration>,
}

/// An entry, as a call finds it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: &'static str,
    pub(super) scene: Scene,
}

/// Collects what a server has.
#[derive(Debug, Default)]
pub struct Describe {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) title: Option<String>,
    pub(super) website: Option<String>,
    pub(super) icons: Vec<Icon>,
    pub(super) instructions: Option<String>,
    pub(super) tool_list: Vec<String>,
    pub(super) resource_list: Vec<String>,
    pub(super) template_list: Vec<String>,
    pub(super) prompt_list: Vec<String>,
    pub(super) tools: HashMap<&'static str, Entry>,
    pub(super) resources: HashMap<&'static str, Entry>,
    pub(super) templates: Vec<(&'static str, Template, Entry)>,
    pub(super) prompts: HashMap<&'static str, Entry>,
    /// Why no client can be served so.
    pub(super) problems: Vec<String>,
    /// By kind and name of the entry, then by argument: the method that completes it.
    pub(super) completions: HashMap<(Kind, &'static str), BTreeMap<&'static str, &'static str>>,
}

impl Describe {
    /// Sets the server's name and version.
    pub fn server(&mut self, name: impl Into<String>, version: impl Into<String>) {
        self.name = name.into();
        self.version = version.into();
    }

    /// Sets the server's title.
    pub fn title(&mut self, text: impl Into<String>) {
        self.title = Some(text.into());
    }

    /// Sets the server's website.
    pub fn website(&mut self, url: impl Into<String>) {
        self.website = Some(url.into());
    }

    /// Sets the server's icons.
    pub fn icons(&mut self, icons: impl IntoIcons) {
        self.icons = icons.into_icons();
    }

    /// Sets the server's instructions.
    pub fn instructions(&mut self, text: impl Into<String>) {
        self.instructions = Some(text.into());
    }

    /// Adds a tool.
    pub fn tool(&mut self, tool: Tool) {
        let (key, hidden) = (tool.key, tool.hidden);
        let scene = Scene {
            wrap: tool.wrap,
            timeout: tool.timeout,
            ..Scene::default()
        };
        let json = tool.into_json(&mut self.problems);
        if !hidden {
            self.tool_list.push(json);
        }
        self.tools.insert(key, Entry { key, scene });
    }

    /// Adds a resource or a resource template.
    pub fn resource(&mut self, resource: Resource) {
        let scene = Scene {
            mime: resource.mime.clone(),
            ..Scene::default()
        };
        let entry = Entry {
            key: resource.key,
            scene,
        };
        let uri = resource.uri;
        if uri.contains('{') {
            self.templates.push((uri, Template::new(uri), entry));
            self.template_list.push(resource.into_json("uriTemplate"));
        } else {
            self.resources.insert(uri, entry);
            self.resource_list.push(resource.into_json("uri"));
        }
    }

    /// Adds a prompt.
    pub fn prompt(&mut self, prompt: Prompt) {
        let scene = Scene {
            description: prompt.described(),
            ..Scene::default()
        };
        self.prompts.insert(
            prompt.key,
            Entry {
                key: prompt.key,
                scene,
            },
        );
        self.prompt_list.push(prompt.into_json());
    }

    /// Adds a completion of an argument: `entry` is a prompt's name or a template.
    pub fn completes(
        &mut self,
        kind: Kind,
        entry: &'static str,
        argument: &'static str,
        key: &'static str,
    ) {
        self.completions
            .entry((kind, entry))
            .or_default()
            .insert(argument, key);
    }
}

/// A tool, while it is described.
#[derive(Debug)]
pub struct Tool {
    key: &'static str,
    json: Map<String, Value>,
    annotations: Map<String, Value>,
    arguments: Vec<Property>,
    /// The schema of all arguments, and the name of their type.
    whole: Option<(MakeSchema, &'static str)>,
    input_schema: Option<Value>,
    output: Option<Value>,
    meta: Option<Value>,
    timeout: Option<Duration>,
    hidden: bool,
    wrap: bool,
}

impl Tool {
    /// A tool of that name.
    pub fn new(name: &'static str) -> Self {
        Self {
            key: name,
            json: named(name),
            annotations: Map::new(),
            arguments: Vec::new(),
            whole: None,
            input_schema: None,
            output: None,
            meta: None,
            timeout: None,
            hidden: false,
            wrap: false,
        }
    }

    /// Sets the title.
    pub fn title(&mut self, text: impl Into<String>) {
        self.json.insert("title".into(), text.into().into());
    }

    /// Sets the description.
    pub fn description(&mut self, text: impl Into<String>) {
        self.json.insert("description".into(), text.into().into());
    }

    /// Sets the icons.
    pub fn icons(&mut self, icons: impl IntoIcons) {
        set_icons(&mut self.json, icons);
    }

    /// Sets a hint.
    pub fn hint(&mut self, name: &'static str, value: bool) {
        self.annotations.insert(name.into(), value.into());
    }

    /// Sets `_meta`.
    pub fn meta(&mut self, value: impl Serialize) {
        self.meta = serde_json::to_value(value).ok();
    }

    /// Sets the schema of the arguments, to be listed as it is.
    pub fn input_schema(&mut self, schema: impl Serialize) {
        self.input_schema = serde_json::to_value(schema).ok();
    }

    /// Sets how long a call may take.
    pub fn timeout(&mut self, limit: Duration) {
        self.timeout = Some(limit);
    }

    /// Leaves the tool out of the list; it can still be called.
    pub fn hidden(&mut self, value: bool) {
        self.hidden = value;
    }

    /// Adds a parameter.
    pub fn input<T>(&mut self, input: &Input<T>) {
        match input {
            Input::FromCall { .. } => {}
            Input::Whole {
                schema, type_name, ..
            } => self.whole = Some((*schema, type_name())),
            Input::Argument {
                name,
                doc,
                schema,
                absent,
                header,
                ..
            } => self.arguments.push(Property {
                name,
                doc,
                schema: *schema,
                required: absent.is_none(),
                default: absent.as_ref().and_then(|absent| absent.shown()),
                header: *header,
            }),
        }
    }

    /// Sets what it returns.
    pub fn output<R>(&mut self, output: &Output<R>) {
        if let Some(make) = output.schema {
            let (schema, wrap) = schema::of_result(make);
            (self.output, self.wrap) = (Some(schema), wrap);
        }
    }

    fn into_json(self, problems: &mut Vec<String>) -> String {
        let name = self.key;
        let mut json = self.json;
        if self.timeout.is_some_and(|limit| limit.is_zero()) {
            problems.push(format!(
                "tool `{name}` has no time to run: its timeout is zero"
            ));
        }
        let input = match (self.input_schema, self.whole) {
            (Some(given), _) => given,
            (None, None) => schema::of_arguments(name, &self.arguments, problems),
            (None, Some((make, ty))) => schema::of_whole(make).unwrap_or_else(|| {
                problems.push(format!(
                    "the arguments of tool `{name}` are a `{ty}`, which is no struct: clients take an object without \
                     alternatives only; put it into a field of a struct"
                ));
                json!({ "type": "object" })
            }),
        };
        json.insert("inputSchema".into(), input);
        if let Some(output) = self.output {
            json.insert("outputSchema".into(), output);
        }
        if !self.annotations.is_empty() {
            json.insert("annotations".into(), self.annotations.into());
        }
        if let Some(meta) = self.meta {
            json.insert("_meta".into(), meta);
        }
        Value::Object(json).to_string()
    }
}

/// A resource or a resource template, while it is described.
#[derive(Debug)]
pub struct Resource {
    key: &'static str,
    uri: &'static str,
    json: Map<String, Value>,
    annotations: Map<String, Value>,
    mime: Option<String>,
}

impl Resource {
    /// The resource at `uri`, served by the method `key`.
    pub fn new(key: &'static str, uri: &'static str, name: &'static str) -> Self {
        Self {
            key,
            uri,
            json: named(name),
            annotations: Map::new(),
            mime: None,
        }
    }

    /// Sets the title.
    pub fn title(&mut self, text: impl Into<String>) {
        self.json.insert("title".into(), text.into().into());
    }

    /// Sets the description.
    pub fn description(&mut self, text: impl Into<String>) {
        self.json.insert("description".into(), text.into().into());
    }

    /// Sets the icons.
    pub fn icons(&mut self, icons: impl IntoIcons) {
        set_icons(&mut self.json, icons);
    }

    /// Sets the MIME type.
    pub fn mime(&mut self, mime: impl Into<String>) {
        self.mime = Some(mime.into());
    }

    /// Sets the size in bytes.
    pub fn size(&mut self, bytes: u64) {
        self.json.insert("size".into(), bytes.into());
    }

    /// Sets for whom it is.
    pub fn audience(&mut self, roles: &[&str]) {
        self.annotations.insert("audience".into(), json!(roles));
    }

    /// Sets how important it is, from 0 to 1.
    pub fn priority(&mut self, priority: f64) {
        self.annotations.insert("priority".into(), json!(priority));
    }

    /// Sets `_meta`.
    pub fn meta(&mut self, value: impl Serialize) {
        if let Ok(value) = serde_json::to_value(value) {
            self.json.insert("_meta".into(), value);
        }
    }

    fn into_json(self, uri_key: &str) -> String {
        let mut json = Map::new();
        json.insert(uri_key.into(), self.uri.into());
        json.extend(self.json);
        if let Some(mime) = self.mime {
            json.insert("mimeType".into(), mime.into());
        }
        if !self.annotations.is_empty() {
            json.insert("annotations".into(), self.annotations.into());
        }
        Value::Object(json).to_string()
    }
}

/// A prompt, while it is described.
#[derive(Debug)]
pub struct Prompt {
    key: &'static str,
    json: Map<String, Value>,
    arguments: Vec<Value>,
}

impl Prompt {
    /// A prompt of that name.
    pub fn new(name: &'static str) -> Self {
        Self {
            key: name,
            json: named(name),
            arguments: Vec::new(),
        }
    }

    /// Sets the title.
    pub fn title(&mut self, text: impl Into<String>) {
        self.json.insert("title".into(), text.into().into());
    }

    /// Sets the description.
    pub fn description(&mut self, text: impl Into<String>) {
        self.json.insert("description".into(), text.into().into());
    }

    /// Sets the icons.
    pub fn icons(&mut self, icons: impl IntoIcons) {
        set_icons(&mut self.json, icons);
    }

    /// Sets `_meta`.
    pub fn meta(&mut self, value: impl Serialize) {
        if let Ok(value) = serde_json::to_value(value) {
            self.json.insert("_meta".into(), value);
        }
    }

    /// Adds a parameter.
    pub fn input<T>(&mut self, input: &Input<T>) {
        if let Input::Argument {
            name, doc, absent, ..
        } = input
        {
            let mut argument = named(name);
            if !doc.is_empty() {
                argument.insert("description".into(), (*doc).into());
            }
            argument.insert("required".into(), absent.is_none().into());
            self.arguments.push(argument.into());
        }
    }

    fn described(&self) -> Option<String> {
        self.json
            .get("description")
            .and_then(Value::as_str)
            .map(str::to_owned)
    }

    fn into_json(self) -> String {
        let mut json = self.json;
        if !self.arguments.is_empty() {
            json.insert("arguments".into(), self.arguments.into());
        }
        Value::Object(json).to_string()
    }
}

fn set_icons(json: &mut Map<String, Value>, icons: impl IntoIcons) {
    json.insert("icons".into(), json!(icons.into_icons()));
}

fn named(name: &str) -> Map<String, Value> {
    Map::from_iter([("name".to_owned(), Value::from(name))])
}
