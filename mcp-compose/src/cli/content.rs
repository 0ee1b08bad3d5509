//! Blocks of content, as they are shown.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Block {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
    data: Option<String>,
    mime_type: Option<String>,
    uri: Option<String>,
    resource: Option<Embedded>,
}

#[derive(Deserialize)]
struct Embedded {
    uri: String,
    text: Option<String>,
}

impl Block {
    /// Its text, or what it is.
    pub(super) fn shown(&self) -> String {
        let kind = &self.kind;
        match self {
            Block {
                text: Some(text), ..
            } => text.clone(),
            Block {
                resource:
                    Some(Embedded {
                        text: Some(text), ..
                    }),
                ..
            } => text.clone(),
            Block {
                resource: Some(Embedded { uri, .. }),
                ..
            }
            | Block { uri: Some(uri), .. } => {
                format!("[{kind} {uri}]")
            }
            Block {
                data: Some(data),
                mime_type,
                ..
            } => {
                let mime = mime_type.as_deref().unwrap_or("of unknown type");
                format!("[{kind} {mime}, about {} bytes]", data.len() / 4 * 3)
            }
            _ => format!("[{kind}]"),
        }
    }
}
