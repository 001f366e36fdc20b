//! The floor: the same streaming list of pods in protobuf, cut into frames, nothing decoded.

use std::pin::pin;

use futures::AsyncReadExt;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use super::Failed;
use super::runs::Place;

const PATH: &str = "/api/v1/pods?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=60";
const END: &[u8] = b"k8s.io/initial-events-end";

/// Reads until the initial events have ended.
pub(crate) fn run(place: &Place) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(drain(place))
}

async fn drain(place: &Place) -> Result<(), Failed> {
    let kubeconfig = Kubeconfig::read_from(place.kubeconfig()?)?;
    let mut config =
        Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    config.disable_compression = true;
    let request = http::Request::get(PATH)
        .header(
            http::header::ACCEPT,
            "application/vnd.kubernetes.protobuf;stream=watch",
        )
        .body(Vec::new())?;
    let mut body = pin!(Client::try_from(config)?.request_stream(request).await?);
    let (mut frame, mut frames, mut bytes) = (Vec::new(), 0_u64, 0_u64);
    loop {
        let mut length = [0; 4];
        body.read_exact(&mut length).await?;
        let length = usize::try_from(u32::from_be_bytes(length))?;
        frame.resize(length, 0);
        body.read_exact(&mut frame).await?;
        frames += 1;
        bytes += 4 + u64::try_from(length)?;
        // The bookmark is small: pods are not searched.
        if length < 400 && frame.windows(END.len()).any(|w| w == END) {
            println!("{frames} frames, {bytes} bytes");
            return Ok(());
        }
    }
}
