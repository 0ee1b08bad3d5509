//! What a child answered.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::CallError;
use crate::wire::{Object, Raw};

/// What a [`Child`](crate::Child) answered: the result as it came, with readers for what is usual.
#[derive(Debug, Clone)]
pub struct CallResult {
    child: Arc<str>,
    json: Raw,
}

#[derive(Deserialize)]
struct Shape {
    #[serde(default)]
    content: Vec<Block>,
    #[serde(default)]
    contents: Vec<Block>,
    #[serde(default)]
    messages: Vec<Said>,
}

#[derive(Deserialize)]
struct Said {
    content: Block,
}

#[derive(Deserialize)]
struct Block {
    #[serde(default)]
    text: Option<String>,
}

impl CallResult {
    pub(super) fn new(child: Arc<str>, json: Raw) -> Self {
        Self { child, json }
    }

    /// The text in it, one block after the other: of a tool's content, a resource's contents, or a
    /// prompt's messages. Other blocks are left out.
    #[must_use]
    pub fn text(&self) -> String {
        let Ok(shape) = serde_json::from_str::<Shape>(self.as_json()) else {
            return String::new();
        };
        let said = shape.messages.into_iter().map(|said| said.content);
        let blocks = shape.content.into_iter().chain(shape.contents).chain(said);
        let texts: Vec<String> = blocks.filter_map(|block| block.text).collect();
        texts.join("\n")
    }

    /// The structured content of a tool's result. Of a tool that has none, its text is read as JSON;
    /// what a server wrapped as `{"result": ..}` is read as `T` as well.
    ///
    /// # Errors
    /// [`CallError::Unexpected`], when it is no `T`.
    pub fn structured<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        let object = Object::parse(self.as_json()).unwrap_or_default();
        let text;
        let json = match object.get("structuredContent") {
            Some(structured) => structured,
            None => {
                text = self.text();
                &text
            }
        };
        serde_json::from_str(json).or_else(|error| {
            let wrapped = Object::parse(json).ok();
            let inner = wrapped.as_ref().filter(|object| object.iter().count() == 1);
            inner
                .and_then(|object| serde_json::from_str(object.get("result")?).ok())
                .ok_or_else(|| CallError::Unexpected {
                    child: self.child.to_string(),
                    problem: error.to_string(),
                })
        })
    }

    /// The result as it came: a JSON object. URIs in it are those that clients see.
    #[must_use]
    pub fn as_json(&self) -> &str {
        self.json.as_str()
    }

    pub(super) fn is_error(&self) -> bool {
        Object::parse(self.as_json()).is_ok_and(|object| object.get("isError") == Some("true"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(json: &'static str) -> CallResult {
        CallResult::new("db".into(), Raw::from_static(json))
    }

    #[test]
    fn is_read_in_the_usual_ways() {
        let both = result(
            r#"{"content":[{"type":"text","text":"a"},{"type":"image"},{"type":"text","text":"b"}],"structuredContent":{"result":[1,2]}}"#,
        );
        assert_eq!(both.text(), "a\nb");
        assert_eq!(both.structured::<Vec<u8>>().unwrap(), [1, 2]);
        let text = result(r#"{"content":[{"type":"text","text":"{\"a\":1}"}]}"#);
        let map = text.structured::<std::collections::BTreeMap<String, u8>>();
        assert_eq!(map.unwrap()["a"], 1);
        let wrong = text.structured::<bool>().unwrap_err().to_string();
        assert!(
            wrong.starts_with("the result of child \"db\" is not"),
            "{wrong}"
        );
        assert_eq!(
            result(r#"{"contents":[{"uri":"a:b","text":"x"}]}"#).text(),
            "x"
        );
        let prompt =
            result(r#"{"messages":[{"role":"user","content":{"type":"text","text":"p"}}]}"#);
        assert_eq!(prompt.text(), "p");
    }
}
