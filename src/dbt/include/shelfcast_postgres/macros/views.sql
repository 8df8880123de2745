{#
    Let the views over a relation that has been replaced read the one that took its place. Returns all
    pairs of a relation and a view that reads it, from that one on.

    dbt renames the old relation, builds the new one under its name, and drops the old one. A view of
    PostgreSQL reads the very relation that it was made over, so it would go with the old one: missing
    until the run builds it again, lost where it does not, or where it is another team's. A view whose
    columns the new relation no longer gives goes, as with dbt-postgres, and so does one of a role that
    the build's is no member of; a warning names it.

    One session at a time: a view over two relations that are replaced at once is moved twice.
#}
{% macro shelfcast_postgres_move_views(old, new) %}
    {%- set new_id = "to_regclass('" ~ dbt.escape_single_quotes(new.include(database=false) | string) ~ "')" -%}
    {%- set old_id = "to_regclass('" ~ dbt.escape_single_quotes(old.include(database=false) | string) ~ "')" -%}
    {%- call statement('move_views', auto_begin=False) -%}
    do $shelfcast$
    declare
        reader record;
    begin
        perform pg_advisory_xact_lock(hashtextextended('shelfcast move views', 0));
        for reader in
            select
                readers.oid::regclass as name,
                pg_get_userbyid(readers.relowner) as owner,
                readers.relowner <> current_user::regrole
                and pg_has_role(readers.relowner, 'set') as is_for_owner,
                coalesce(' with (' || array_to_string(readers.reloptions, ', ') || ')', '') as options,
                replace(
                    pg_get_viewdef(readers.oid), '{{ old.identifier }}', '{{ new.identifier }}'
                ) as definition
            from pg_class as readers
            where
                readers.relkind = 'v'
                and {{ new_id }} is not null
                and exists (
                    select 1
                    from pg_depend
                    inner join pg_rewrite on pg_depend.objid = pg_rewrite.oid
                    where
                        pg_depend.classid = 'pg_rewrite'::regclass
                        and pg_depend.refclassid = 'pg_class'::regclass
                        and pg_depend.refobjid = {{ old_id }}
                        and pg_rewrite.ev_class = readers.oid
                        and pg_rewrite.ev_class <> {{ old_id }}
                )
        loop
            begin
                if reader.is_for_owner then
                    execute format('set local role %I', reader.owner);
                end if;
                execute format(
                    'create or replace view %s%s as %s', reader.name, reader.options, reader.definition
                );
                if reader.is_for_owner then
                    reset role;
                end if;
            exception when others then
                raise log 'view % goes with the old {{ new.identifier }}: %', reader.name, sqlerrm;
            end;
        end loop;
    end $shelfcast$
    {%- endcall -%}
    {%- call statement('lost', fetch_result=True, auto_begin=False) -%}
    select distinct
        pg_rewrite.ev_class::regclass::text,
        pg_get_userbyid(pg_class.relowner)
    from pg_depend
    inner join pg_rewrite on pg_depend.objid = pg_rewrite.oid
    inner join pg_class on pg_rewrite.ev_class = pg_class.oid
    where
        pg_depend.classid = 'pg_rewrite'::regclass
        and pg_depend.refclassid = 'pg_class'::regclass
        and pg_depend.refobjid = {{ old_id }}
        and pg_rewrite.ev_class <> {{ old_id }}
    {%- endcall -%}
    {%- for view, owner in load_result('lost')['data'] -%}
        {%- do exceptions.warn(
            view ~ ', which reads ' ~ new.identifier ~ ', is dropped: its columns have changed, or the '
            ~ 'role of the build is no member of ' ~ owner ~ ', whose it is. Make it again.'
        ) -%}
    {%- endfor -%}
    {%- call statement('readers', fetch_result=True, auto_begin=False) -%}
    with recursive readings (read_oid, view_oid) as (
        select null::oid, {{ new_id }}::oid
        union
        select pg_depend.refobjid, pg_rewrite.ev_class
        from readings
        inner join pg_depend
            on readings.view_oid = pg_depend.refobjid
            and pg_depend.refclassid = 'pg_class'::regclass
        inner join pg_rewrite
            on pg_depend.objid = pg_rewrite.oid
            and pg_depend.classid = 'pg_rewrite'::regclass
            and pg_depend.refobjid <> pg_rewrite.ev_class
    )
    select
        read_schemas.nspname,
        read.relname,
        view_schemas.nspname,
        views.relname
    from readings
    inner join pg_class as read on readings.read_oid = read.oid
    inner join pg_namespace as read_schemas on read.relnamespace = read_schemas.oid
    inner join pg_class as views on readings.view_oid = views.oid
    inner join pg_namespace as view_schemas on views.relnamespace = view_schemas.oid
    where views.relkind = 'v'
    {%- endcall -%}
    {%- set readings = [] -%}
    {%- for read_schema, read, view_schema, view in load_result('readers')['data'] -%}
        {%- do readings.append((
            new.incorporate(path={'schema': read_schema, 'identifier': read}),
            new.incorporate(path={'schema': view_schema, 'identifier': view}, type='view'),
        )) -%}
    {%- endfor -%}
    {{ return(readings) }}
{% endmacro %}
