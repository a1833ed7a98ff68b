# bash completion for rms; made by: rms completion bash
_rms_words() {
    case "$1" in
    '') echo 'login logout whoami auth protect unprotect status open view cat share track revoke template license label perms bootstrap doctor cache reset completion admin --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'login') echo ' --email --as --password-stdin --app --device --browser --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'logout') echo ' --all --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'whoami') echo ' --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'auth') echo 'token clear' ;;
    'auth token') echo ' --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'auth clear') echo ' --all --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'protect') echo ' --template --perm --grant --custom-right --do-not-forward --encrypt-only --only-me --license --recursive --in-place --out --output --preserve --follow --stdin0 --stop --log --retry --owner --name --description --cipher --expire-on --expire-days --valid-days --offline-days --no-persist-key --enable-msg-file-type --viewing-copy --online --no-track --notify --protect-as --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'unprotect') echo ' --recursive --in-place --out --output --preserve --follow --stdin0 --stop --log --retry --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'status') echo ' --recursive --protection --follow --stdin0 --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'open') echo ' --output --app --save-attachments --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'view') echo ' --output --app --save-attachments --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'cat') echo ' --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'share') echo ' --to --with --level --rights --expires --revoke-now --notify --out --draft --message --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'track') echo ' --register --name --search --notify --delegate --may-revoke --undelegate --hand-over --yes --csv --what-if --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'revoke') echo ' --undo --family --reason --force --yes --what-if --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'template') echo 'list refresh' ;;
    'template list') echo ' --refresh --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'template refresh') echo ' --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'license') echo 'new show' ;;
    'license new') echo ' --out --template --perm --grant --custom-right --only-me --owner --name --description --cipher --expire-on --expire-days --valid-days --offline-days --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'license show') echo ' --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'label') echo 'get set remove' ;;
    'label get') echo ' --tenant --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'label set') echo ' --id --name --display --tenant --method --content-bits --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'label remove') echo ' --tenant --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'perms') echo 'list set new' ;;
    'perms list') echo ' --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'perms set') echo ' --perm --grant --custom-right --remove --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'perms new') echo ' --out --users --permissions --expire-on --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'bootstrap') echo ' --force --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'doctor') echo ' --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'cache') echo 'clean' ;;
    'cache clean') echo ' --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'reset') echo ' --force --yes --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'completion') echo ' --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin') echo 'login logout tenant service key domain role user group app directory identity explain template onboarding superuser recovery issuer scim client license guests tracking owner log privacy report db health doctor' ;;
    'admin login') echo ' --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin logout') echo ' --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin tenant') echo 'create list show set' ;;
    'admin tenant create') echo ' --name --domain --disabled --legacy-defaults --default-templates --removal-right --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin tenant list') echo ' --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin tenant show') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin tenant set') echo ' --group-cache --removal-right --compatibility --contact --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin service') echo 'status enable disable consume-only' ;;
    'admin service status') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin service enable') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin service disable') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin service consume-only') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin key') echo 'list generate add convert rotate rotation archive remove breach activate' ;;
    'admin key list') echo ' --sort --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin key generate') echo ' --bits --store --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin key add') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin key convert') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin key rotate') echo ' --bits --store --older-than --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin key rotation') echo ' --every --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin key archive') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin key remove') echo ' --confirm --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin key breach') echo ' --case --since --bits --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin key activate') echo ' --migration --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin domain') echo 'add' ;;
    'admin domain add') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin role') echo 'list add remove' ;;
    'admin role list') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin role add') echo ' --role --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin role remove') echo ' --role --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin user') echo 'add list show set remove' ;;
    'admin user add') echo ' --name --upn --alias --no-address --guest --licensed --password-stdin --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin user list') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin user show') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin user set') echo ' --name --upn --enable --disable --licensed --unlicensed --address --alias --proxy-address --password-stdin --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin user remove') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin group') echo 'add list show member refresh remove' ;;
    'admin group add') echo ' --address --kind --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin group list') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin group show') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin group member') echo 'add remove' ;;
    'admin group member add') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin group member remove') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin group refresh') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin group remove') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin app') echo 'add list show set remove secret' ;;
    'admin app add') echo ' --permission --alias --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin app list') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin app show') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin app set') echo ' --name --permission --no-permissions --enable --disable --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin app remove') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin app secret') echo 'add show remove' ;;
    'admin app secret add') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin app secret show') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin app secret remove') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin directory') echo 'add list show test refresh remove' ;;
    'admin directory add') echo ' --url --base --group-base --bind-dn --password-file --keytab --principal --ca --people-filter --group-filter --attribute --interval --look --max-age --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin directory list') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin directory show') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin directory test') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin directory refresh') echo ' --force --what-if --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin directory remove') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin identity') echo 'check refresh' ;;
    'admin identity check') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin identity refresh') echo ' --group --user --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin explain') echo ' --user --file --licence --content-id --issuer --right --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin template') echo 'list show add set publish archive history restore export import apply remove' ;;
    'admin template list') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin template show') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin template add') echo ' --name --description --name-in --description-in --grant --expire-on --tz --expire-days --offline-days --scope --no-scope --published --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin template set') echo ' --name --description --name-in --description-in --grant --expire-on --tz --expire-days --offline-days --scope --no-scope --grant-add --grant-remove --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin template publish') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin template archive') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin template history') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin template restore') echo ' --to-version --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin template export') echo ' --output --policy-file --force --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin template import') echo ' --force --foreign --what-if --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin template apply') echo ' --force --yes --what-if --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin template remove') echo ' --yes --force --what-if --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin onboarding') echo 'get set' ;;
    'admin onboarding get') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin onboarding set') echo ' --use-license --group --scope --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin superuser') echo 'feature group list add remove' ;;
    'admin superuser feature') echo 'status enable disable' ;;
    'admin superuser feature status') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin superuser feature enable') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin superuser feature disable') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin superuser group') echo 'set clear' ;;
    'admin superuser group set') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin superuser group clear') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin superuser list') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin superuser add') echo ' --app --until --reason --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin superuser remove') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin recovery') echo 'enable disable request list approve deny end' ;;
    'admin recovery enable') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin recovery disable') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin recovery request') echo ' --owner --issuer --hours --reason --ticket --for --tenant --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin recovery list') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin recovery approve') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin recovery deny') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin recovery end') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin issuer') echo 'add list remove' ;;
    'admin issuer add') echo ' --audience --algorithm --jwks-uri --acr --max-age --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin issuer list') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin issuer remove') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin scim') echo 'token' ;;
    'admin scim token') echo 'create list revoke' ;;
    'admin scim token create') echo ' --days --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin scim token list') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin scim token revoke') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin client') echo 'add list remove' ;;
    'admin client add') echo ' --redirect --name --legacy-no-pkce --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin client list') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin client remove') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin license') echo 'max-validity' ;;
    'admin license max-validity') echo 'get set' ;;
    'admin license max-validity get') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin license max-validity set') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin guests') echo 'status passcodes sign-up' ;;
    'admin guests status') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin guests passcodes') echo ' --on --off --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin guests sign-up') echo ' --on --off --domain --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin tracking') echo 'status enable disable automatic list show revoke restore' ;;
    'admin tracking status') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin tracking enable') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin tracking disable') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin tracking automatic') echo ' --off --on --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin tracking list') echo ' --user --search --csv --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin tracking show') echo ' --issuer --csv --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin tracking revoke') echo ' --issuer --reason --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin tracking restore') echo ' --issuer --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin owner') echo 'transfer list' ;;
    'admin owner transfer') echo ' --to --from --issuer --reason --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin owner list') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin log') echo 'usage admin verify export erase trim' ;;
    'admin log usage') echo ' --from --to --limit --day --for --user --content --about --path --threads --force --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin log admin') echo ' --from --to --limit --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin log verify') echo ' --expect --admin --unassigned --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin log export') echo ' --format --from --to --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin log erase') echo ' --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin log trim') echo ' --before --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin privacy') echo 'export delete' ;;
    'admin privacy export') echo ' --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin privacy delete') echo ' --confirm --tenant --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin report') echo 'day hour document person template refusal' ;;
    'admin report day') echo ' --from --to --day --user --content --template --refused --limit --csv --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin report hour') echo ' --from --to --day --user --content --template --refused --limit --csv --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin report document') echo ' --from --to --day --user --content --template --refused --limit --csv --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin report person') echo ' --from --to --day --user --content --template --refused --limit --csv --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin report template') echo ' --from --to --day --user --content --template --refused --limit --csv --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin report refusal') echo ' --from --to --day --user --content --template --refused --limit --csv --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin db') echo 'check migrate backup accept-restore' ;;
    'admin db check') echo ' --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin db migrate') echo ' --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin db backup') echo ' --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin db accept-restore') echo ' --force --yes --what-if --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin health') echo ' --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    'admin doctor') echo ' --fips --tenant --socket --json --quiet --url --ca --store --user --on-behalf --offline --lang --log-level --log-file --color --help --version' ;;
    esac
}

_rms_valued() {
    case "$1" in
    'login') echo ' --email --as --app --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'logout') echo ' --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'whoami') echo ' --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'auth token') echo ' --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'auth clear') echo ' --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'protect') echo ' --template --perm --grant --custom-right --license --out --output -o --log --retry --owner --name --description --cipher --expire-on --expire-days --valid-days --offline-days --no-persist-key --notify --protect-as --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'unprotect') echo ' --out --output -o --log --retry --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'status') echo ' --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'open') echo ' --output -o --app --save-attachments --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'view') echo ' --output -o --app --save-attachments --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'cat') echo ' --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'share') echo ' --to --with --level --rights --expires --notify --out --draft --message --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'track') echo ' --name --search --notify --delegate --undelegate --hand-over --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'revoke') echo ' --reason --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'template list') echo ' --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'template refresh') echo ' --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'license new') echo ' --out --template --perm --grant --custom-right --owner --name --description --cipher --expire-on --expire-days --valid-days --offline-days --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'license show') echo ' --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'label get') echo ' --tenant --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'label set') echo ' --id --name --display --tenant --method --content-bits --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'label remove') echo ' --tenant --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'perms list') echo ' --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'perms set') echo ' --perm --grant --custom-right --remove --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'perms new') echo ' --out --users --permissions --expire-on --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'bootstrap') echo ' --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'doctor') echo ' --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'cache clean') echo ' --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'reset') echo ' --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'completion') echo ' --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin login') echo ' --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin logout') echo ' --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin tenant create') echo ' --name --domain --default-templates --removal-right --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin tenant list') echo ' --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin tenant show') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin tenant set') echo ' --group-cache --removal-right --compatibility --contact --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin service status') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin service enable') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin service disable') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin service consume-only') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin key list') echo ' --sort --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin key generate') echo ' --bits --store --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin key add') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin key convert') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin key rotate') echo ' --bits --store --older-than --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin key rotation') echo ' --every --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin key archive') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin key remove') echo ' --confirm --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin key breach') echo ' --case --since --bits --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin key activate') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin domain add') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin role list') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin role add') echo ' --role --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin role remove') echo ' --role --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin user add') echo ' --name --upn --alias --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin user list') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin user show') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin user set') echo ' --name --upn --address --alias --proxy-address --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin user remove') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin group add') echo ' --address --kind --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin group list') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin group show') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin group member add') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin group member remove') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin group refresh') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin group remove') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin app add') echo ' --permission --alias --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin app list') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin app show') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin app set') echo ' --name --permission --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin app remove') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin app secret add') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin app secret show') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin app secret remove') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin directory add') echo ' --url --base --group-base --bind-dn --password-file --keytab --principal --ca --people-filter --group-filter --attribute --interval --look --max-age --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin directory list') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin directory show') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin directory test') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin directory refresh') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin directory remove') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin identity check') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin identity refresh') echo ' --group --user --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin explain') echo ' --user --file --licence --content-id --issuer --right --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin template list') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin template show') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin template add') echo ' --name --description --name-in --description-in --grant --expire-on --tz --expire-days --offline-days --scope --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin template set') echo ' --name --description --name-in --description-in --grant --expire-on --tz --expire-days --offline-days --scope --grant-add --grant-remove --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin template publish') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin template archive') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin template history') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin template restore') echo ' --to-version --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin template export') echo ' --output -o --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin template import') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin template apply') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin template remove') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin onboarding get') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin onboarding set') echo ' --use-license --group --scope --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin superuser feature status') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin superuser feature enable') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin superuser feature disable') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin superuser group set') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin superuser group clear') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin superuser list') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin superuser add') echo ' --app --until --reason --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin superuser remove') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin recovery enable') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin recovery disable') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin recovery request') echo ' --owner --issuer --hours --reason --ticket --for --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin recovery list') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin recovery approve') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin recovery deny') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin recovery end') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin issuer add') echo ' --audience --algorithm --jwks-uri --acr --max-age --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin issuer list') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin issuer remove') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin scim token create') echo ' --days --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin scim token list') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin scim token revoke') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin client add') echo ' --redirect --name --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin client list') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin client remove') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin license max-validity get') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin license max-validity set') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin guests status') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin guests passcodes') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin guests sign-up') echo ' --domain --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin tracking status') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin tracking enable') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin tracking disable') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin tracking automatic') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin tracking list') echo ' --user --search --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin tracking show') echo ' --issuer --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin tracking revoke') echo ' --issuer --reason --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin tracking restore') echo ' --issuer --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin owner transfer') echo ' --to --from --issuer --reason --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin owner list') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin log usage') echo ' --from --to --limit --day --for --user --content --about --path --threads --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin log admin') echo ' --from --to --limit --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin log verify') echo ' --expect --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin log export') echo ' --format --from --to --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin log erase') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin log trim') echo ' --before --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin privacy export') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin privacy delete') echo ' --confirm --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin report day') echo ' --from --to --day --user --content --template --limit --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin report hour') echo ' --from --to --day --user --content --template --limit --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin report document') echo ' --from --to --day --user --content --template --limit --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin report person') echo ' --from --to --day --user --content --template --limit --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin report template') echo ' --from --to --day --user --content --template --limit --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin report refusal') echo ' --from --to --day --user --content --template --limit --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin db check') echo ' --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin db migrate') echo ' --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin db backup') echo ' --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin db accept-restore') echo ' --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin health') echo ' --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    'admin doctor') echo ' --tenant --socket --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    *) echo ' --url --ca --store --user --on-behalf --lang --log-level --log-file --color ' ;;
    esac
}

_rms_choices() {
    case "$1" in
    'protect --cipher') echo 'aes256-cbc4k aes128-cbc4k aes128-ecb' ;;
    'protect --no-persist-key') echo 'all disk license' ;;
    'license new --cipher') echo 'aes256-cbc4k aes128-cbc4k aes128-ecb' ;;
    'label set --method') echo 'Privileged Standard' ;;
    'perms new --permissions') echo 'Viewer Reviewer CoAuthor CoOwner OnlyMe' ;;
    'admin tenant create --default-templates') echo 'new old' ;;
    'admin tenant set --compatibility') echo 'true false' ;;
    'admin role add --role') echo 'GlobalAdministrator ConnectorAdministrator ProtectionAdministrator Reader' ;;
    'admin role remove --role') echo 'GlobalAdministrator ConnectorAdministrator ProtectionAdministrator Reader' ;;
    'admin group add --kind') echo 'security distribution collaboration dynamic' ;;
    'admin onboarding set --use-license') echo 'true false' ;;
    'admin onboarding set --scope') echo 'All WindowsApp MobileApp' ;;
    'admin log export --format') echo 'w3c jsonl' ;;
    'completion completion') echo 'bash zsh' ;;
    *' --color') echo 'auto always never' ;;
    *' --log-level') echo 'off error info debug trace' ;;
    esac
}

_rms_path() {
    local typed= word skip=0
    for word in "$@"; do
        if [ "$skip" = 1 ]; then skip=0; continue; fi
        case "$word" in
        -*) case "$(_rms_valued "$typed")" in *" $word "*) skip=1 ;; esac ;;
        *) case " $(_rms_words "$typed") " in
            *" $word "*) typed="${typed:+$typed }$word" ;;
            esac ;;
        esac
    done
    echo "$typed"
}

_rms() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path words
    path=$(_rms_path "${COMP_WORDS[@]:1:COMP_CWORD-1}")
    words=$(_rms_choices "$path $previous")
    if [ -z "$words" ]; then
        case "$(_rms_valued "$path")" in
        *" $previous "*) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
        esac
        words=$(_rms_words "$path")
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    case "$words" in
    *--json*) case "$current" in -*) ;; *)
        if [ -n "$path" ]; then compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current"); fi ;;
        esac ;;
    esac
}
complete -F _rms rms
