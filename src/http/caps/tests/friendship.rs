//! Answers to friendship offers.

use super::*;
use crate::services::friends::Sender;

/// Another agent, who offers friendship to the one that is logged in.
async fn offerer(grid: &Grid) -> AgentId {
    let services = &grid.caps.services;
    let name = AccountName::new("Other", "User").unwrap();
    let password = NewPassword::parse("test").unwrap();
    let agent = services.accounts.create(name, password, None).await.unwrap().id;
    let by = Sender { agent, name: "Other User".to_owned(), ..Sender::default() };
    services.friends.offer(&by, grid.agent(), "Friends?").await.unwrap();
    agent
}

async fn call(grid: &Grid, name: &'static str, method: Method, query: &str) -> Answer {
    let url = format!("{}{query}", grid.url(name));
    grid.call(method, &url, &[], b"<llsd><undef /></llsd>".to_vec()).await
}

#[tokio::test]
async fn an_offer_is_accepted_once() {
    let grid = Grid::new().await;
    let other = offerer(&grid).await;
    let query = format!("?from={other}&agent_name=%22Other%20User%22");
    for success in [true, false] {
        let answer = call(&grid, "AcceptFriendship", Method::POST, &query).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.llsd(), llsd::map! { "success" => success });
    }
    let friends = grid.caps.services.friends.list(grid.agent()).await.unwrap();
    assert_eq!(friends.len(), 1);
    assert_eq!(friends[0].agent, other);
}

#[tokio::test]
async fn an_offer_is_declined_once() {
    let grid = Grid::new().await;
    let other = offerer(&grid).await;
    let query = format!("?from={other}");
    for success in [true, false] {
        let answer = call(&grid, "DeclineFriendship", Method::DELETE, &query).await;
        assert_eq!(answer.llsd(), llsd::map! { "success" => success });
    }
    assert!(grid.caps.services.friends.list(grid.agent()).await.unwrap().is_empty());
}

#[tokio::test]
async fn bad_answers_change_nothing() {
    let grid = Grid::new().await;
    let other = offerer(&grid).await;
    for query in ["", "?from=", "?from=somebody", "?agent_name=Other"] {
        let answer = call(&grid, "AcceptFriendship", Method::POST, query).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
    }
    let query = format!("?from={other}");
    let wrong = call(&grid, "AcceptFriendship", Method::GET, &query).await;
    assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);
    let wrong = call(&grid, "DeclineFriendship", Method::POST, &query).await;
    assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);
    let nobody = format!("?from={}", AgentId::random());
    let answer = call(&grid, "AcceptFriendship", Method::POST, &nobody).await;
    assert_eq!(answer.llsd(), llsd::map! { "success" => false });
    assert!(grid.caps.services.friends.list(grid.agent()).await.unwrap().is_empty());
}
