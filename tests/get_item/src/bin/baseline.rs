//! What a program has that is configured for AWS and calls nothing yet.

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (url, _) = segno_get_item::arguments();
    let loaded = aws_config::load_from_env().await;
    println!("{:?} {:?}", segno_get_item::config(&url), loaded.region());
}
