//! Many clients with the same request ids, and many calls that are given up.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mcp_compose_tests::aggregator::{Aggregator, StdioCommand};
use mcp_compose_tests::chaos::bed::{Bed, Member, PATIENT};
use mcp_compose_tests::chaos::{At, Client, Fate, PATIENCE, Plan, Report, Rules, Went, check};
use mcp_compose_tests::script::Era;

use crate::{number, sound};

const ERAS: [Era; 2] = [Era::Legacy, Era::Modern];

/// Children of each kind in each era.
async fn children(bed: &Bed) -> Vec<Member> {
    let mut members = Vec::new();
    for (n, at) in [At::Pipe, At::Pipe, At::Http, At::Http]
        .into_iter()
        .enumerate()
    {
        members.push(
            bed.member(&format!("well{n}"), at, ERAS[n % 2], false)
                .await,
        );
    }
    members
}

fn plan(member: &Member, fate: Fate, deadline: Duration) -> Plan {
    Plan {
        child: member.name.clone(),
        fault: None,
        deadline,
        patience: PATIENCE,
        fate,
    }
}

fn report(bed: &Bed, members: &[Member]) -> Report {
    let rules = Rules {
        // Whoever asks for many calls waits for them; nothing here is timed.
        slack: 60_000,
        healthy: members
            .iter()
            .map(|member| member.name.clone())
            .collect::<HashSet<_>>(),
    };
    check(&bed.record.all(), &rules)
}

/// Each client makes the same calls, with the ids 1 and up, as all the others at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_with_the_same_ids_get_their_own_answers() {
    let clients = number("CHAOS_CLIENTS").unwrap_or(50);
    let calls = number("CHAOS_CALLS").unwrap_or(20);
    let bed = Bed::new();
    let members = Arc::new(children(&bed).await);
    let aggregator = Aggregator::http(&bed.config(&members)).await;
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..clients {
        let (url, record, members) = (
            aggregator.url.clone(),
            bed.record.clone(),
            Arc::clone(&members),
        );
        tasks.spawn(async move {
            let name = format!("c{n}");
            let client = Client::http(&name, &url, ERAS[n % 2], &record, n as u64).await;
            let mut own = 0;
            for call in 0..calls {
                let member = &members[(n / 2 + call) % members.len()];
                let went = client.call(&plan(member, Fate::Kept, PATIENT * 8)).await;
                own += usize::from(went == Went::Well);
            }
            client.close().await;
            own
        });
    }
    let own: usize = tasks.join_all().await.into_iter().sum();
    let took = began.elapsed();
    let report = report(&bed, &members);
    eprintln!(
        "{clients} clients with the same ids, {calls} calls each: {own} own answers, {} foreign, in {took:.0?}",
        report.count("misrouted")
    );
    sound(bed, &report);
    assert_eq!(own, clients * calls);
}

/// Clients of both eras over both transports, and children of both eras over both: each call that is given up while the
/// child is at it is heard of there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_are_given_up_are_cancelled_at_the_child() {
    let cancels = number("CHAOS_CANCELS").unwrap_or(160);
    let bed = Bed::new();
    let members = children(&bed).await;
    let aggregator = Aggregator::http(&bed.config(&members)).await;
    let mut clients = Vec::new();
    let mut commands = Vec::new();
    for (n, era) in ERAS.into_iter().enumerate() {
        let client = Client::http(
            &format!("http{n}"),
            &aggregator.url,
            era,
            &bed.record,
            n as u64,
        )
        .await;
        clients.push((client, members.iter().collect::<Vec<_>>()));
    }
    let own = {
        let mut own = Vec::new();
        for (n, era) in ERAS.into_iter().enumerate() {
            let member = bed
                .member(&format!("own{n}"), At::Pipe, ERAS[1 - n], false)
                .await;
            own.push((member, era));
        }
        own
    };
    for (n, (member, era)) in own.iter().enumerate() {
        let command = StdioCommand::new(&bed.config(std::slice::from_ref(member)));
        let client = Client::stdio(
            &format!("pipe{n}"),
            command.start(),
            *era,
            &bed.record,
            10 + n as u64,
        )
        .await;
        clients.push((client, vec![member]));
        commands.push(command);
    }
    let each = cancels.div_ceil(clients.len());
    let work = clients.iter().map(|(client, members)| async move {
        for n in 0..each {
            let member = members[n % members.len()];
            client.call(&plan(member, Fate::Dropped, PATIENT)).await;
        }
    });
    futures_util::future::join_all(work).await;
    bed.record.heard(Duration::from_secs(10)).await;
    for (client, _) in clients {
        client.close().await;
    }
    let mut all = members;
    all.extend(own.into_iter().map(|(member, _)| member));
    let report = report(&bed, &all);
    let after = &report.cancelled_after;
    eprintln!(
        "{} calls given up, {} cancellations at children; median {} ms, most {} ms; {} late answers",
        report.dropped,
        after.len(),
        after.get(after.len() / 2).copied().unwrap_or_default(),
        after.last().copied().unwrap_or_default(),
        report.count("answered after it was given up"),
    );
    let heard = after.len();
    sound(bed, &report);
    assert_eq!(heard, each * 4);
}
