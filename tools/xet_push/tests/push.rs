//! A whole push through the Xet storage: our Hub's `casUrl` is xet-client's simulation.

use captioner_hub::{Hub, HubSettings, Push, PushFile, RepoId, Token};
use captioner_hub_server::{Content, HubServer, RepoKind, Side, Transfer};
use xet_client::cas_client::simulation::LocalTestServerBuilder;

const TOKEN: &str = "hf_SecretOfTheTest";

#[test]
fn a_push_by_xet_stores_the_bytes_and_commits_their_hash() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let storage = runtime.block_on(LocalTestServerBuilder::new().start());
    let hub_server = HubServer::start(0).unwrap();
    let state = hub_server.state();
    state.add_user(TOKEN, "tester", true);
    let cas_url = storage.http_endpoint().to_owned();
    state.uploads().transfer = Transfer::Xet { cas_url };

    let root = tempfile::tempdir().unwrap();
    let drawn = Content::Drawn { seed: 5, len: 3_000_000 };
    let bytes = drawn.to_vec().unwrap();
    let path = root.path().join("model.safetensors");
    std::fs::write(&path, &bytes).unwrap();
    let small = vec![9; 10_000];
    let files = vec![
        PushFile::file("model.safetensors", &path),
        PushFile::bytes("pytorch_model.bin", small.clone()),
        PushFile::bytes("config.json", "{}"),
    ];
    let push = Push::new(RepoId::parse("tester/model").unwrap(), files, "Add the model");

    let mut settings = HubSettings::from_lookup(|_| None).unwrap();
    settings.endpoint = state.endpoint().to_owned();
    settings.token = Token::new(TOKEN);
    settings.progress_bars = false;
    let pushed = Hub::new(settings).unwrap().push(&push).unwrap();

    let repositories = state.repositories();
    let repository = &repositories[&(RepoKind::Model, "tester/model".to_owned())];
    let head = repository.resolve("main").unwrap();
    assert_eq!(head.oid, pushed.commit);
    assert_eq!(repository.history("main").len(), 2);
    for (name, content) in [("model.safetensors", bytes.clone()), ("pytorch_model.bin", small)] {
        let sha256 = Content::from(content).sha256().unwrap();
        assert_eq!(head.files[name].sha256, Some(sha256), "{name}");
    }
    // No byte of them went by LFS, and the token went to the Hub alone.
    let log = state.log();
    assert!(!log.iter().any(|entry| entry.method == "PUT" || entry.side == Side::Cdn));

    let client = storage.client();
    let stored = runtime.block_on(async {
        let mut stored = Vec::new();
        for hash in client.list_xorbs().await.unwrap() {
            stored.extend(client.get_full_xorb(&hash).await.unwrap());
        }
        stored
    });
    let held = stored.windows(bytes.len()).any(|window| window == bytes);
    assert!(held, "{} bytes are stored, and not the file's", stored.len());
}
