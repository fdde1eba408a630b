//! Makes the first open deal a little likelier: `cargo run -- http://127.0.0.1:8080 marcus.webb@aether-demo.example portico-demo`
use portico_example_cynic::{Fault, Portico};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Fault> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [server, email, password] = arguments.as_slice() else {
        eprintln!("usage: portico-example-cynic SERVER EMAIL PASSWORD");
        std::process::exit(2);
    };
    let portico = Portico::sign_in(server, email, password).await?;
    let deals = portico.open_deals(2).await?;
    for deal in &deals {
        println!("{} {} {} %", deal.id.inner(), deal.name.as_deref().unwrap_or("–"), deal.probability.0);
    }
    if let Some(first) = deals.first() {
        let key = format!("likelier-{}-{}", first.id.inner(), first.version);
        println!("{:?}", portico.change(first, "65.00", &key).await?);
    }
    Ok(())
}
