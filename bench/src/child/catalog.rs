//! The child's tools: `echo`, `burst` and as many generated ones as asked for.

/// The `{"tools":[..]}` result, prepared once.
pub(super) fn tools_result(generated: usize) -> Vec<u8> {
    let mut tools = vec![
        r#"{"name":"echo","description":"Returns the text.","inputSchema":{"type":"object","properties":{"text":{"type":"string"}},"required":["text"]}}"#.to_owned(),
        r#"{"name":"burst","description":"Reports progress n times, then answers at once.","inputSchema":{"type":"object","properties":{"n":{"type":"integer","minimum":0}},"required":["n"]}}"#.to_owned(),
    ];
    tools.extend((0..generated).map(generated_tool));
    format!(r#"{{"tools":[{}]}}"#, tools.join(",")).into_bytes()
}

/// About 600 bytes, the size and shape of a typical published tool.
fn generated_tool(number: usize) -> String {
    format!(
        r#"{{"name":"search_orders_{number:04}","title":"Search orders {number}","description":"Search the orders of warehouse {number} by free text. Returns at most `limit` rows, newest first; use `cursor` for more.","inputSchema":{{"type":"object","properties":{{"query":{{"type":"string","description":"Words to look for, \"quoted\" for an exact phrase."}},"limit":{{"type":"integer","minimum":1,"maximum":500,"default":50}},"cursor":{{"type":"string"}},"state":{{"type":"string","enum":["open","paid","sent","returned"]}}}},"required":["query"],"additionalProperties":false}},"annotations":{{"readOnlyHint":true,"openWorldHint":false}}}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_json_and_its_tools_have_a_realistic_size() {
        let result: serde_json::Value =
            serde_json::from_slice(&tools_result(1_000)).expect("valid JSON");
        assert_eq!(result["tools"].as_array().map(Vec::len), Some(1_002));
        let size = generated_tool(7).len();
        assert!((550..700).contains(&size), "{size} bytes");
    }
}
