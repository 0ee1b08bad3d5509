//! `complete`: what an argument of a prompt, or a variable of a resource template, may be.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Client, InProcess, answer};
use super::{Failure, shown, values};
use crate::compose::Composition;
use crate::serve::{Clients, in_process};

use super::terminal::Console;

/// Arguments of `complete`.
#[derive(Debug, Args)]
pub(super) struct CompleteArgs {
    #[command(subcommand)]
    of: Of,
}

/// Of what.
#[derive(Debug, Subcommand)]
enum Of {
    /// An argument of a prompt.
    Prompt {
        /// The prompt's exposed name.
        name: String,
        #[command(flatten)]
        argument: Argument,
    },
    /// A variable of a resource template.
    Resource {
        /// The template, as it is exposed.
        template: String,
        #[command(flatten)]
        argument: Argument,
    },
}

#[derive(Debug, Args)]
struct Argument {
    /// The argument.
    argument: String,
    /// What is there of its value.
    #[arg(default_value = "")]
    partial: String,
    /// Arguments that are given already, on which the others may depend.
    #[arg(long = "with", value_name = "NAME=VALUE")]
    given: Vec<String>,
    /// Print the result as JSON, as clients get it.
    #[arg(long)]
    json: bool,
}

/// A result, as far as it is shown.
#[derive(Deserialize)]
struct Completed {
    completion: Completion,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Completion {
    values: Vec<String>,
    total: Option<u64>,
    #[serde(default)]
    has_more: bool,
}

pub(super) async fn run(args: CompleteArgs, composition: Composition) -> Result<(), Failure> {
    let (of, argument) = match args.of {
        Of::Prompt { name, argument } => (json!({ "type": "ref/prompt", "name": name }), argument),
        Of::Resource { template, argument } => {
            (json!({ "type": "ref/resource", "uri": template }), argument)
        }
    };
    let (params, as_json) = (params(&of, &argument)?, argument.json);
    in_process(composition, Clients::One, move |gateway| async move {
        let mut client = InProcess::connect(gateway, None::<Console>).await?;
        let result = client.request("completion/complete", params).await?;
        if as_json {
            return Ok(shown::print_json(&result)?);
        }
        show(&answer(&result)?, &mut io::stdout(), &mut io::stderr())
    })
    .await?
}

fn params(of: &Value, argument: &Argument) -> Result<String, Failure> {
    let mut params = json!({
        "ref": of,
        "argument": { "name": argument.argument, "value": argument.partial },
    });
    if !argument.given.is_empty() {
        let given = values::of_prompt(&argument.given)?;
        params["context"] = json!({ "arguments": given });
    }
    Ok(params.to_string())
}

/// A value on each line; that there are more is no value.
fn show(
    completed: &Completed,
    out: &mut impl Write,
    aside: &mut impl Write,
) -> Result<(), Failure> {
    let Completion {
        values,
        total,
        has_more,
    } = &completed.completion;
    for value in values {
        writeln!(out, "{}", shown::block(value).replace('\n', "\\n"))?;
    }
    out.flush()?;
    let total = total.filter(|total| *total > values.len() as u64);
    match total {
        Some(total) => writeln!(aside, "{} of {total}", values.len())?,
        None if *has_more => writeln!(aside, "and more")?,
        None => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_on_lines_of_their_own_and_the_rest_is_said_aside() {
        let shown = |json: &str| {
            let (mut out, mut aside) = (Vec::new(), Vec::new());
            show(&answer(json).expect("a result"), &mut out, &mut aside).expect("shown");
            [out, aside].map(|text| String::from_utf8(text).expect("text"))
        };
        assert_eq!(
            shown(r#"{"completion":{"values":["a","b\n\u001b"]}}"#),
            ["a\nb\\n\\u{1b}\n", ""]
        );
        assert_eq!(
            shown(r#"{"completion":{"values":["a"],"total":7}}"#),
            ["a\n", "1 of 7\n"]
        );
        assert_eq!(
            shown(r#"{"completion":{"values":[],"hasMore":true}}"#),
            ["", "and more\n"]
        );
    }

    #[test]
    fn what_is_given_already_goes_along() {
        let argument = Argument {
            argument: "city".to_owned(),
            partial: "Ba".to_owned(),
            given: vec!["country=CH".to_owned()],
            json: false,
        };
        assert_eq!(
            params(&json!({ "type": "ref/prompt", "name": "a" }), &argument).expect("parameters"),
            r#"{"ref":{"type":"ref/prompt","name":"a"},"argument":{"name":"city","value":"Ba"},"context":{"arguments":{"country":"CH"}}}"#
        );
    }
}
