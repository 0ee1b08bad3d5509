//! What must not happen, done on purpose: a checker that finds none of it would prove nothing.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use mcp_compose_tests::aggregator::Aggregator;
use mcp_compose_tests::chaos::bed::Bed;
use mcp_compose_tests::chaos::relay::{Relay, Sabotage};
use mcp_compose_tests::chaos::run::slower;
use mcp_compose_tests::chaos::watch::{Bounds, Holding, MARK, orphans};
use mcp_compose_tests::chaos::{At, Client, Defect, Fate, Fault, Plan, Rules, Went, check};
use mcp_compose_tests::patiently;
use mcp_compose_tests::peers::binary;
use mcp_compose_tests::process::{Process, command};
use mcp_compose_tests::script::Era;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

const DEADLINE: Duration = Duration::from_secs(5);
const SLACK: Duration = Duration::from_secs(1);

/// Where a relay stands.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Above,
    Below,
}

fn plan(child: &str, fault: Option<Fault>) -> Plan {
    Plan {
        child: child.to_owned(),
        fault,
        deadline: DEADLINE,
        patience: Duration::from_secs(3),
        fate: Fate::Kept,
    }
}

/// Two clients, two children, and a relay that is wrong; answers with the kinds of defects that were found.
async fn found(sabotage: Sabotage, place: Place) -> BTreeSet<&'static str> {
    let bed = Bed::new();
    let well = bed.member("well", At::Pipe, Era::Legacy, false).await;
    let mut sick = bed.member("sick", At::Http, Era::Modern, true).await;
    let mut relays = Vec::new();
    if place == Place::Below {
        let relay = Relay::before(sick.url(), sabotage).await;
        sick = sick.behind(&relay.url);
        relays.push(relay);
    }
    let members = [well, sick];
    let aggregator = Aggregator::http(&bed.config(&members)).await;
    let mut url = aggregator.url.clone();
    if place == Place::Above {
        let relay = Relay::before(&url, sabotage).await;
        url.clone_from(&relay.url);
        relays.push(relay);
    }
    let one = Client::http("one", &url, Era::Legacy, &bed.record, 1).await;
    let two = Client::http("two", &url, Era::Modern, &bed.record, 2).await;
    let calls = [
        plan("well", None),
        plan("sick", None),
        plan("sick", Some(Fault::Status500)),
        plan("well", None),
    ];
    for plan in &calls {
        // Both at once, with the same ids.
        tokio::join!(one.call(plan), two.call(plan));
    }
    if place == Place::Above
        && matches!(
            sabotage,
            Sabotage::Nothing | Sabotage::SwallowCancel | Sabotage::AnswerCancelled
        )
    {
        let plan = Plan {
            fate: Fate::Dropped,
            ..plan("well", None)
        };
        one.call(&plan).await;
        // What a stateless client gives up has no notification that could be answered.
        if sabotage != Sabotage::AnswerCancelled {
            two.call(&plan).await;
        }
    }
    one.close().await;
    two.close().await;
    bed.record.heard(Duration::from_secs(3)).await;
    drop(aggregator);
    let rules = Rules {
        slack: SLACK.as_millis() as u64,
        healthy: HashSet::from(["well".to_owned()]),
    };
    let report = check(&bed.record.all(), &rules);
    eprintln!("{sabotage:?}: {:#?}", report.defects);
    report.defects.iter().map(Defect::kind).collect()
}

#[tokio::test]
async fn a_relay_that_does_nothing_wrong_has_no_defects() {
    for place in [Place::Above, Place::Below] {
        let found = found(Sabotage::Nothing, place).await;
        assert!(found.is_empty(), "{place:?}: {found:?}");
    }
}

macro_rules! planted {
    ($($name:ident: $sabotage:expr, $place:ident => $kind:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let found = found($sabotage, Place::$place).await;
            assert!(found.contains($kind), "{found:?}");
        }
    )*};
}

planted! {
    of_two_calls_each_gets_the_answer_of_the_other: Sabotage::Swap, Above => "misrouted";
    of_two_calls_of_a_child_each_gets_the_answer_of_the_other: Sabotage::Swap, Below => "misrouted";
    a_call_gets_the_answer_of_the_one_before: Sabotage::Stale, Above => "misrouted";
    a_call_of_a_child_gets_the_answer_of_the_one_before: Sabotage::Stale, Below => "misrouted";
    an_answer_is_for_another_client: Sabotage::OfAnother, Above => "misrouted";
    an_answer_is_by_another_child: Sabotage::ByAnother, Above => "misrouted";
    an_answer_is_swallowed: Sabotage::Swallow, Above => "lost";
    a_stream_ends_without_the_answer: Sabotage::EndEmpty, Above => "lost";
    an_answer_comes_long_after_the_deadline: Sabotage::Delay(Duration::from_millis(6_500)), Above => "hung";
    an_answer_comes_twice: Sabotage::Twice, Above => "duplicated";
    progress_comes_after_the_answer: Sabotage::ProgressAfter, Above => "duplicated";
    anothers_answer_comes_too: Sabotage::Stray, Above => "duplicated";
    an_answer_has_another_id: Sabotage::OtherId, Above => "unnamed error";
    a_call_is_sent_twice: Sabotage::Replay, Above => "replayed";
    a_call_is_sent_twice_to_a_child: Sabotage::Replay, Below => "replayed";
    a_call_is_sent_again_after_an_error: Sabotage::ReplayOnError, Above => "replayed";
    an_error_says_neither_who_nor_why: Sabotage::Anonymous, Above => "unnamed error";
    an_error_names_another_child: Sabotage::Misnamed, Above => "unnamed error";
    an_error_does_not_say_why: Sabotage::Unexplained, Above => "unnamed error";
    an_error_is_only_a_status: Sabotage::BareStatus, Above => "unnamed error";
    a_healthy_child_fails_now_and_then: Sabotage::Flaky, Above => "healthy child failed";
    one_child_takes_all_down: Sabotage::AllDown, Above => "healthy child failed";
    nobody_hears_that_a_call_was_given_up: Sabotage::SwallowCancel, Above => "not cancelled at the child";
    a_call_that_was_given_up_is_answered: Sabotage::AnswerCancelled, Above => "answered after it was given up";
    a_call_is_answered_without_the_child: Sabotage::Forge, Above => "invented";
    arguments_are_changed_on_the_way: Sabotage::Tamper, Above => "invented";
}

#[tokio::test]
async fn healthy_children_become_slower() {
    let bed = Bed::new();
    let well = bed.member("well", At::Pipe, Era::Modern, false).await;
    let aggregator = Aggregator::http(&bed.config(&[well])).await;
    let relay = Relay::before(&aggregator.url, Sabotage::Delay(Duration::from_millis(200))).await;
    let mut times = Vec::new();
    for url in [&aggregator.url, &relay.url] {
        let client = Client::http("one", url, Era::Modern, &bed.record, 3).await;
        assert_eq!(client.call(&plan("well", None)).await, Went::Well);
        let mut of_this = Vec::new();
        for _ in 0..10 {
            let began = std::time::Instant::now();
            assert_eq!(client.call(&plan("well", None)).await, Went::Well);
            of_this.push(began.elapsed());
        }
        of_this.sort();
        times.push(of_this);
    }
    let found = slower(&times[0], &times[1], 1.5);
    assert!(matches!(found[..], [Defect::Slow(_)]), "{times:?}");
    assert_eq!(slower(&times[0], &times[0], 1.5), []);
}

#[tokio::test]
async fn a_process_is_left_behind() {
    let bed = Bed::new();
    assert_eq!(orphans(&bed.run, Duration::ZERO).await, []);
    let mut left = command(binary("chaos_child"));
    let left = Process::start(left.args(["linger", "30"]).env(MARK, &bed.run));
    let found = orphans(&bed.run, Duration::from_millis(100)).await;
    assert!(
        matches!(&found[..], [Defect::Orphan(what)] if what.starts_with(&format!("{}:", left.pid()))),
        "{found:?}"
    );
    let status = left.stop().await;
    assert!(!status.success());
    assert_eq!(orphans(&bed.run, Duration::from_secs(2)).await, []);
}

/// A process that loses this; answers with what it is found to have lost.
async fn lost(what: &str) -> Vec<String> {
    let mut process = Process::start(command(binary("chaos_child")).args(["leak", what]));
    let (mut stdin, stdout) = process.pipes();
    let mut said = BufReader::new(stdout).lines();
    let bounds = Bounds {
        files: 16,
        kib: 8 * 1024,
    };
    // It has begun.
    stdin.write_all(b"\n").await.expect("it reads");
    let done = patiently("a word of it", said.next_line()).await;
    assert_eq!(done.expect("a line").as_deref(), Some("done"));
    let before = Holding::of(process.pid());
    assert_eq!(before.since(&before, &bounds), []);
    stdin.write_all(b"\n").await.expect("it reads");
    patiently("a word of it", said.next_line())
        .await
        .expect("a line");
    let (_, leaks) = Holding::back(process.pid(), &before, &bounds, Duration::ZERO).await;
    drop(stdin);
    process.ended().await;
    let leaks = leaks.into_iter().map(|leak| match leak {
        Defect::Leak(what) => what.split(':').next().unwrap_or_default().to_owned(),
        other => panic!("{other:?}"),
    });
    leaks.collect()
}

#[tokio::test]
async fn files_stay_open() {
    assert_eq!(lost("files").await, ["files"]);
}

#[tokio::test]
async fn memory_is_not_given_back() {
    assert_eq!(lost("memory").await, ["KiB"]);
}

#[tokio::test]
async fn processes_are_not_ended() {
    assert_eq!(lost("children").await, ["processes"]);
}
