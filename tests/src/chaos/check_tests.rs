//! A sound ledger, and one with each thing wrong.

use super::*;

const SOUND: &str = r#"
    {"event":"start","child":"p","pid":7,"incarnation":1}
    {"event":"call","nonce":"a/1","client":"a","id":1,"child":"p","at":1000,"deadline":2000,"fate":"kept"}
    {"event":"seen","child":"p","pid":7,"nonce":"a/1"}
    {"event":"end","nonce":"a/1","at":1010,"how":"result","echo":"a/1","of":"a","by":"p","pid":7}
    {"event":"call","nonce":"b/1","client":"b","id":1,"child":"s","at":1000,"deadline":2000,"fault":"exit","fate":"kept"}
    {"event":"seen","child":"s","pid":8,"nonce":"b/1"}
    {"event":"fault","child":"s","nonce":"b/1","fault":"exit"}
    {"event":"end","nonce":"b/1","at":1020,"how":"error","names":"s","cause":"child_exited","message":"it ended"}
    {"event":"call","nonce":"b/2","client":"b","id":2,"child":"s","at":1000,"deadline":2000,"fault":"twice","fate":"kept"}
    {"event":"seen","child":"s","pid":9,"nonce":"b/2"}
    {"event":"end","nonce":"b/2","at":2000,"how":"result","echo":"b/2","of":"b","by":"s","pid":9}
    {"event":"call","nonce":"c/1","client":"c","id":1,"child":"p","at":1000,"deadline":2000,"fate":"dropped"}
    {"event":"seen","child":"p","pid":7,"nonce":"c/1"}
    {"event":"dropped","nonce":"c/1","at":1030}
    {"event":"cancelled","child":"p","nonce":"c/1","at":1034}
    {"event":"call","nonce":"c/2","client":"c","id":2,"child":"s","at":1000,"deadline":2000,"fault":"refuse","fate":"kept"}
    {"event":"seen","child":"s","pid":9,"nonce":"c/2"}
    {"event":"end","nonce":"c/2","at":2000,"how":"refused","echo":"c/2"}
"#;

fn rules() -> Rules {
    Rules {
        slack: 1_000,
        healthy: HashSet::from(["p".to_owned()]),
    }
}

fn report(text: &str) -> Report {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let events: Vec<Event> = lines
        .map(|line| {
            serde_json::from_str(line).unwrap_or_else(|problem| panic!("{problem}: {line}"))
        })
        .collect();
    check(&events, &rules())
}

/// The kinds of defects of the sound ledger with one passage replaced.
fn planted(from: &str, to: &str) -> Vec<&'static str> {
    assert_eq!(SOUND.matches(from).count(), 1, "{from}");
    let report = report(&SOUND.replace(from, to));
    report.defects.iter().map(Defect::kind).collect()
}

#[test]
fn a_sound_ledger_has_no_defects() {
    let report = report(SOUND);
    assert_eq!(report.defects, []);
    assert_eq!((report.calls, report.dropped, report.starts), (5, 1, 1));
    assert_eq!((report.healthy, report.healthy_well), (1, 1));
    assert_eq!(report.cancelled_after, [4]);
    assert_eq!(report.faults[&Fault::Exit], 1);
    assert_eq!(report.causes["child_exited"], 1);
}

#[test]
fn an_answer_with_anothers_nonce_is_misrouted() {
    let found = planted(r#""echo":"a/1""#, r#""echo":"b/1""#);
    assert_eq!(found, ["misrouted"]);
}

#[test]
fn an_answer_for_another_client_is_misrouted() {
    assert_eq!(planted(r#""of":"a""#, r#""of":"b""#), ["misrouted"]);
}

#[test]
fn an_answer_of_another_child_is_misrouted() {
    let found = planted(r#""of":"a","by":"p""#, r#""of":"a","by":"s""#);
    assert_eq!(found, ["misrouted"]);
}

#[test]
fn an_error_of_anothers_call_is_misrouted() {
    let found = planted(
        r#""how":"refused","echo":"c/2""#,
        r#""how":"refused","echo":"b/2""#,
    );
    assert_eq!(found, ["misrouted"]);
}

#[test]
fn a_call_without_an_end_is_lost() {
    let end = r#"{"event":"end","nonce":"b/1","at":1020,"how":"error","names":"s","cause":"child_exited","message":"it ended"}"#;
    assert_eq!(planted(end, ""), ["lost"]);
}

#[test]
fn an_end_long_after_the_deadline_hung() {
    assert_eq!(planted(r#""at":1010"#, r#""at":4001"#), ["hung"]);
    assert!(planted(r#""at":1010"#, r#""at":4000"#).is_empty());
}

#[test]
fn two_ends_are_one_too_many() {
    let end = r#"{"event":"end","nonce":"b/1","at":1020,"how":"error","names":"s","cause":"child_exited","message":"it ended"}"#;
    assert_eq!(planted(end, &format!("{end}\n{end}")), ["duplicated"]);
}

#[test]
fn nothing_may_follow_the_end() {
    let seen = r#"{"event":"seen","child":"s","pid":9,"nonce":"b/2"}"#;
    let after = r#"{"event":"after","nonce":"b/2","what":"notifications/progress"}"#;
    assert_eq!(planted(seen, &format!("{seen}\n{after}")), ["duplicated"]);
}

#[test]
fn a_call_that_arrives_twice_was_replayed() {
    let seen = r#"{"event":"seen","child":"s","pid":8,"nonce":"b/1"}"#;
    let again = r#"{"event":"seen","child":"s","pid":9,"nonce":"b/1"}"#;
    assert_eq!(planted(seen, &format!("{seen}\n{again}")), ["replayed"]);
}

#[test]
fn an_answer_that_no_child_gave_is_invented() {
    let seen = r#"{"event":"seen","child":"p","pid":7,"nonce":"a/1"}"#;
    assert_eq!(planted(seen, ""), ["invented"]);
    assert_eq!(
        planted(r#""by":"p","pid":7"#, r#""by":"p","pid":70"#),
        ["invented"]
    );
}

#[test]
fn an_answer_to_no_call_is_invented() {
    let seen = r#"{"event":"seen","child":"p","pid":7,"nonce":"a/1"}"#;
    let stray = r#"{"event":"stray","client":"a","text":"{}"}"#;
    assert_eq!(planted(seen, &format!("{seen}\n{stray}")), ["invented"]);
    let call = r#"{"event":"seen","child":"p","pid":7,"nonce":"x/1"}"#;
    assert_eq!(planted(seen, &format!("{seen}\n{call}")), ["invented"]);
}

#[test]
fn an_error_names_the_child_and_the_cause() {
    assert_eq!(planted(r#""names":"s","#, ""), ["unnamed error"]);
    assert_eq!(
        planted(r#""names":"s","#, r#""names":"p","#),
        ["unnamed error"]
    );
    assert_eq!(planted(r#""cause":"child_exited","#, ""), ["unnamed error"]);
    let error = r#""how":"error","names":"s","cause":"child_exited","message":"it ended""#;
    assert_eq!(
        planted(error, r#""how":"broken","text":"HTTP 502""#),
        ["unnamed error"]
    );
}

#[test]
fn a_healthy_child_answers_every_call() {
    let end = r#""how":"result","echo":"a/1","of":"a","by":"p","pid":7"#;
    let error = r#""how":"error","names":"p","cause":"overloaded","message":"too much""#;
    assert_eq!(planted(end, error), ["healthy child failed"]);
}

#[test]
fn what_is_harmless_fails_no_call() {
    let end = r#""how":"result","echo":"b/2","of":"b","by":"s","pid":9"#;
    let error = r#""how":"error","names":"s","cause":"child_exited","message":"it ended""#;
    assert_eq!(planted(end, error), ["harmless fault failed a call"]);
}

#[test]
fn a_call_that_is_given_up_is_cancelled_at_the_child() {
    let cancelled = r#"{"event":"cancelled","child":"p","nonce":"c/1","at":1034}"#;
    assert_eq!(planted(cancelled, ""), ["not cancelled at the child"]);
}

#[test]
fn a_call_that_is_given_up_is_not_answered() {
    let cancelled = r#"{"event":"cancelled","child":"p","nonce":"c/1","at":1034}"#;
    let end = r#"{"event":"end","nonce":"c/1","at":1040,"how":"result","echo":"c/1","of":"c","by":"p","pid":7}"#;
    let found = planted(cancelled, &format!("{cancelled}\n{end}"));
    assert_eq!(found, ["answered after it was given up"]);
}

#[test]
fn a_call_that_was_to_be_given_up_has_reached_the_child() {
    let dropped = r#"{"event":"dropped","nonce":"c/1","at":1030}"#;
    assert_eq!(planted(dropped, ""), ["healthy child failed"]);
}

#[test]
fn what_is_harmless_may_be_late_but_not_always() {
    let answered = r#"{"event":"end","nonce":"b/2","at":2000,"how":"result","echo":"b/2","of":"b","by":"s","pid":9}"#;
    let late = r#"{"event":"end","nonce":"NONCE","at":2000,"how":"error","names":"s","cause":"child_timeout","message":"no answer"}"#;
    assert!(planted(answered, &late.replace("NONCE", "b/2")).is_empty());
    let mut more = late.replace("NONCE", "b/2");
    for nonce in ["b/3", "b/4"] {
        let call = r#"{"event":"call","nonce":"NONCE","client":"b","id":3,"child":"s","at":1000,"deadline":2000,"fault":"twice","fate":"kept"}"#;
        more = format!("{more}\n{call}\n{late}").replace("NONCE", nonce);
    }
    assert_eq!(planted(answered, &more), ["harmless fault failed a call"]);
}
