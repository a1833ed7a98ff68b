# The names of the cmdlets of AADRM and AIPService, for scripts that have them: each calls `rms admin VERB --json` with the
# arguments it was given (those of rms) and returns objects. Which name means which verb: aliases.tsv beside this file.
foreach ($line in Get-Content (Join-Path $PSScriptRoot 'aliases.tsv')) {
    if (-not $line -or $line.StartsWith('#')) { continue }
    $name, $verb = $line -split "`t"
    $words = $verb -split ' '
    $body = {
        & rms admin @words --json @args | ForEach-Object { ConvertFrom-Json $_ }
        if ($LASTEXITCODE -ne 0) { throw "rms admin $words: exit status $LASTEXITCODE" }
    }.GetNewClosure()
    foreach ($each in $name, ($name -creplace 'Aadrm', 'AipService' -creplace 'ServiceService$', 'Service' -creplace 'IPCv3Service$', 'IPCv3')) {
        Set-Item -Path "function:script:$each" -Value $body
        Export-ModuleMember -Function $each
    }
}
