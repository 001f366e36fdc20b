//! `constable sim`: the demo's cluster for kubectl and other consoles, on a loopback port.

use super::demo::{DemoArgs, serve};
use super::platform::{RunError, stop_signal};
use clap::Args;
use std::io::Write;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

/// Serve the simulated cluster on a loopback port
#[derive(Args, Clone, Debug)]
pub struct SimArgs {
    /// Address of loopback to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", value_parser = loopback)]
    pub listen: SocketAddr,
    /// Where to write the kubeconfig that leads to it; it appears once the server answers
    #[arg(long, value_name = "FILE")]
    pub kubeconfig_out: PathBuf,
    /// The cluster.
    #[command(flatten)]
    pub demo: DemoArgs,
}

/// A simulated cluster has no secrets and no passwords: it is for this machine alone.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let mut found = text
        .to_socket_addrs()
        .map_err(|e| format!("{e}; write 127.0.0.1:0"))?;
    let addr = found
        .next()
        .ok_or_else(|| "no such address; write 127.0.0.1:0".to_owned())?;
    if addr.ip().is_loopback() {
        Ok(addr)
    } else {
        Err(format!(
            "{} is not loopback; write 127.0.0.1:{}",
            addr.ip(),
            addr.port()
        ))
    }
}

/// Serves until SIGINT, SIGTERM or SIGHUP.
pub async fn run(args: SimArgs) -> Result<(), RunError> {
    let running = serve(args.demo, args.listen).await?;
    let path = &args.kubeconfig_out;
    running
        .write_kubeconfig(path)
        .map_err(|e| RunError::Failed(format!("write {}: {e}", path.display())))?;
    let stop = stop_signal();
    // Nobody reads it: the kubeconfig tells as much.
    let _ = writeln!(
        std::io::stdout(),
        "simulated cluster on http://{}, kubeconfig {}",
        running.addr(),
        path.display()
    );
    stop.await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback() {
        assert_eq!(loopback("127.0.0.1:8001").unwrap().port(), 8001);
        assert!(
            loopback("0.0.0.0:0")
                .unwrap_err()
                .contains("write 127.0.0.1:0")
        );
        assert!(loopback("nowhere").is_err());
    }
}
