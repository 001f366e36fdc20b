//! The floor: the console's own streaming lists in protobuf, cut into frames, nothing decoded.

use std::pin::pin;
use std::time::Duration;

use constable::model::Kind;
use futures::AsyncReadExt;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use super::Failed;
use super::place::Place;

const QUERY: &str = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=300";
const END: &[u8] = b"k8s.io/initial-events-end";

/// Reads until the initial events have ended, then goes on so many seconds.
pub(crate) fn run(place: &Place, all: bool, stay: u64) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let kubeconfig = Kubeconfig::read_from(place.kubeconfig()?)?;
        let mut config =
            Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        config.disable_compression = true;
        let client = Client::try_from(config)?;
        let kinds = if all {
            &Kind::ALL[..]
        } else {
            &[Kind::Pod][..]
        };
        // Budgets are watched by the console only while an action needs them.
        let streams = kinds.iter().filter(|kind| **kind != Kind::Budget);
        let streams = streams.map(|kind| drain(&client, *kind, stay));
        let read = futures::future::try_join_all(streams).await?;
        let (frames, bytes) = read
            .iter()
            .fold((0, 0), |(f, b), (frames, bytes)| (f + frames, b + bytes));
        println!("{frames} frames, {bytes} bytes");
        Ok(())
    })
}

async fn drain(client: &Client, kind: Kind, stay: u64) -> Result<(u64, u64), Failed> {
    let base = match kind.group() {
        "" => "/api/v1".to_owned(),
        group => format!("/apis/{group}/v1"),
    };
    let request = http::Request::get(format!("{base}/{}?{QUERY}", kind.plural()))
        .header(
            http::header::ACCEPT,
            "application/vnd.kubernetes.protobuf;stream=watch",
        )
        .body(Vec::new())?;
    let mut body = pin!(client.request_stream(request).await?);
    let (mut frame, mut frames, mut bytes) = (Vec::new(), 0_u64, 0_u64);
    loop {
        let mut length = [0; 4];
        body.read_exact(&mut length).await?;
        let length = usize::try_from(u32::from_be_bytes(length))?;
        frame.resize(length, 0);
        body.read_exact(&mut frame).await?;
        frames += 1;
        bytes += 4 + u64::try_from(length)?;
        // The bookmark is small: objects are not searched.
        if length < 400 && frame.windows(END.len()).any(|w| w == END) {
            break;
        }
    }
    // Whatever comes now is read and dropped until the time is over.
    let mut sink = futures::io::sink();
    let rest = futures::io::copy(body, &mut sink);
    if let Ok(read) = tokio::time::timeout(Duration::from_secs(stay), rest).await {
        bytes += read?;
    }
    Ok((frames, bytes))
}
